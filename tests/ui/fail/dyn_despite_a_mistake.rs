//! A mistake in a method does not take the trait object with it.
use std::sync::Arc;

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "inventory", version = "1.0", dyn)]
pub trait Inventory {
    async fn size(&self, ctxt: &Context) -> Result<u32>;
    #[rpc(cats)]
    async fn touch(&self, ctxt: &Context, host: &str) -> Result<()>;
}

pub async fn sizes(inventory: Arc<dyn DynInventory>, ctxt: &Context) -> Result<u32> {
    inventory.touch(ctxt, "db-1").await?;
    inventory.size(ctxt).await
}

fn main() {}
