use rpc_runtime::{Context, rpc_client};

#[derive(Debug)]
pub struct Empty;

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn take(&self, ctxt: &Context) -> Result<u32, Empty>;
}

fn main() {}
