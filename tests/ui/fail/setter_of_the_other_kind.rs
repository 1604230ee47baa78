use std::time::Duration;

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "inventory", version = "1.0")]
pub trait Inventory {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
    #[rpc(cast)]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
}

pub async fn caller(inventory: &InventoryClient, ctxt: &Context) -> Result<()> {
    inventory.count(ctxt).fanout(true).await?;
    inventory.touch(ctxt).timeout(Duration::from_secs(1)).await
}

fn main() {}
