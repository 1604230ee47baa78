use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    async fn resize(&self, ctxt: &Context, #[rpc(since = "3.1")] size: Option<u32>) -> Result<()>;
    #[rpc(name_before("1.4", "find"))]
    async fn list(&self, ctxt: &Context, #[rpc(until = "3.0")] limit: Option<u32>) -> Result<()>;
}

fn main() {}
