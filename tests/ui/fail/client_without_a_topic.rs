use rpc_runtime::{Context, Result, Transport, rpc_client};

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

pub fn client(transport: &Transport) -> InventoryClient {
    InventoryClient::new(transport)
}

fn main() {}
