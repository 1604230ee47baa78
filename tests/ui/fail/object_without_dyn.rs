//! Without `dyn` there are no trait objects of a trait.
use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "inventory", version = "1.0")]
pub trait Inventory {
    async fn size(&self, ctxt: &Context) -> Result<u32>;
}

pub async fn size(inventory: &dyn Inventory, ctxt: &Context) -> Result<u32> {
    inventory.size(ctxt).await
}

fn main() {}
