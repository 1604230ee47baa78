use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "3.0")]
trait Inventory {
    #[rpc(version = "3.1", versions("3.1", "2.0"))]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
