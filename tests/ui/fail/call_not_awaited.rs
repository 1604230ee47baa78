#![deny(unused_must_use)]

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "inventory", version = "1.0")]
pub trait Inventory {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
    #[rpc(cast)]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
}

pub fn forgetful(inventory: &InventoryClient, ctxt: &Context) {
    inventory.count(ctxt);
    inventory.touch(ctxt).server("rack-7");
    inventory.prepare(rpc_runtime::CallOptions::new());
}

fn main() {}
