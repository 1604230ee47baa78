use rpc_runtime::{Context, rpc_client};

pub type Count = u32;

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn count(&self, ctxt: &Context) -> Count;
}

fn main() {}
