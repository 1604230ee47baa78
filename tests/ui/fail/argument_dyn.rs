use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn put(&self, ctxt: &Context, item: &dyn std::fmt::Debug) -> Result<()>;
    async fn swap(&self, ctxt: &Context, item: Option<&(dyn Send + Sync)>) -> Result<()>;
}

fn main() {}
