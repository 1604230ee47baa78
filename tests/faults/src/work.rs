//! The interface of the ledger test. Each request has a number.

use rpc_runtime::{Context, Result, rpc_client};

/// The methods of the ledger test's servers.
#[rpc_client(topic = "ledger", version = "1.0")]
pub trait Work {
    /// Works for `millis` milliseconds, and returns the number.
    async fn work(&self, ctxt: &Context, number: u64, millis: u64) -> Result<u64>;

    /// One way.
    #[rpc(cast)]
    async fn note(&self, ctxt: &Context, number: u64) -> Result<()>;

    /// Takes `millis` milliseconds. The ledger does not count it.
    async fn wait(&self, ctxt: &Context, millis: u64, padding: String) -> Result<()>;

    /// Takes `padding`, one way. The ledger does not count it.
    #[rpc(cast)]
    async fn take(&self, ctxt: &Context, padding: String) -> Result<()>;

    /// Returns a text of `bytes` bytes. The ledger does not count it.
    async fn make(&self, ctxt: &Context, bytes: usize) -> Result<String>;

    /// Returns at once, which shows that the server works again. The ledger does not count it.
    async fn probe(&self, ctxt: &Context) -> Result<()>;
}
