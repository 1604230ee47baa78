use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    async fn resize(&self, ctxt: &Context, #[rpc(since = "2.1", default(3))] size: u32) -> Result<()>;
}

fn main() {}
