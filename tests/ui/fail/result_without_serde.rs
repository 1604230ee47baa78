use rpc_runtime::{Context, Result, rpc_client};

pub struct Host;

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn host(&self, ctxt: &Context) -> Result<Host>;
}

fn main() {}
