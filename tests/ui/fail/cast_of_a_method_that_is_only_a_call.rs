use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "inventory", version = "2.0")]
pub trait Inventory {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
    #[rpc(call, cast)]
    async fn touch(&self, ctxt: &Context) -> Result<u32>;
}

pub async fn caller(inventory: &InventoryClient, ctxt: &Context) -> Result<()> {
    inventory.touch(ctxt).cast().await?;
    inventory.count(ctxt).cast().await
}

fn main() {}
