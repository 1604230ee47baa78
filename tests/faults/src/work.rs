//! The interface that the ledger test calls. Every request has a number.

use rpc_runtime::{Context, Result, rpc_client};

/// What the servers of the ledger test do.
#[rpc_client(topic = "ledger", version = "1.0")]
pub trait Work {
    /// Works for so many milliseconds, and gives the number back.
    async fn work(&self, ctxt: &Context, number: u64, millis: u64) -> Result<u64>;

    /// One way.
    #[rpc(cast)]
    async fn note(&self, ctxt: &Context, number: u64) -> Result<()>;

    /// Takes so many milliseconds, which the ledger does not count.
    async fn wait(&self, ctxt: &Context, millis: u64, padding: String) -> Result<()>;

    /// Takes `padding`, one way. The ledger does not count it.
    #[rpc(cast)]
    async fn take(&self, ctxt: &Context, padding: String) -> Result<()>;

    /// A text of so many bytes, which the ledger does not count.
    async fn make(&self, ctxt: &Context, bytes: usize) -> Result<String>;

    /// Answers at once: a sign that all works again, which the ledger does not count.
    async fn probe(&self, ctxt: &Context) -> Result<()>;
}
