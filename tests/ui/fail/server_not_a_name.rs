use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
pub trait Inventory {
    async fn check(&self, ctxt: &Context, #[rpc(server)] host: u32) -> Result<()>;
    async fn scan(&self, ctxt: &Context, #[rpc(topic)] pool: &[String]) -> Result<()>;
}

fn main() {}
