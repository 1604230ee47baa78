use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "inventory", version = "1.0")]
pub trait Inventory {
    async fn resize(&self, ctxt: &Context, id: &str, size: u32) -> Result<()>;
}

pub async fn caller(inventory: &InventoryClient, ctxt: &Context) -> Result<()> {
    inventory.resize(ctxt, "a", "large").await?;
    inventory.resize(ctxt, "a").await?;
    inventory.resize(&ctxt.clone(), "a", 3).await
}

fn main() {}
