use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
pub trait Inventory {
    async fn check(&self, ctxt: &Context, #[rpc(timeout)] within: &str) -> Result<()>;
    async fn scan(&self, ctxt: &Context, #[rpc(timeout)] within: Option<bool>) -> Result<()>;
}

fn main() {}
