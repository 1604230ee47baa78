use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "inventory", version = "1.0")]
pub trait Inventory {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
    #[rpc(cast)]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
}

pub async fn hasty(inventory: &InventoryClient, ctxt: &Context) -> Result<u32> {
    inventory.touch(ctxt)?;
    let count = inventory.count(ctxt).server("rack-7")?;
    Ok(count)
}

pub async fn generic(inventory: &impl Inventory, ctxt: &Context) -> Result<u32> {
    let count = inventory.count(ctxt)?;
    Ok(count)
}

fn main() {}
