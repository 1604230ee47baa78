use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

struct Shelves;

fn main() {
    let _ = InventoryEndpoint::new(Shelves);
}
