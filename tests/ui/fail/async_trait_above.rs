use rpc_runtime::{Context, Result, rpc_client};

#[async_trait::async_trait]
#[rpc_client(topic = "inventory", version = "1.0")]
pub trait Inventory {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
    async fn put(&self, ctxt: &Context, host: &str) -> Result<()>;
}

pub async fn caller(inventory: &InventoryClient, ctxt: &Context) -> Result<u32> {
    inventory.put(ctxt, "db-1").await?;
    inventory.count(ctxt).await
}

fn main() {}
