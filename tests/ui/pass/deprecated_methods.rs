//! A deprecated method gives a warning to its callers only.
#![deny(warnings)]

use rpc_runtime::{Context, Result, Transport, rpc_client};

#[rpc_client(topic = "old", version = "1.0")]
pub trait Old {
    #[deprecated(since = "1.2.0", note = "call `count`")]
    async fn number(&self, ctxt: &Context, of: &str) -> Result<u32>;
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

struct Real;

impl Old for Real {
    async fn number(&self, _: &Context, _: &str) -> Result<u32> {
        Ok(3)
    }
    async fn count(&self, _: &Context) -> Result<u32> {
        Ok(3)
    }
}

pub fn main() {
    let transport = Transport::new("memory://ui-old").unwrap();
    let client = OldClient::new(&transport);
    let ctxt = Context::new();
    #[expect(deprecated, reason = "it is deprecated: a warning is due")]
    drop(client.number(&ctxt, "hosts"));
    drop(client.count(&ctxt));
    let _ = OldEndpoint::new(Real);
}
