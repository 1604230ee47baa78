//! `dyn` is an option of the trait, not of a method.
use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "inventory", version = "1.0", dyn = "AnyInventory")]
pub trait Inventory {
    #[rpc(dyn)]
    async fn size(&self, ctxt: &Context) -> Result<u32>;
}

fn main() {}
