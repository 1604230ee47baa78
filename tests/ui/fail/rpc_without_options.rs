use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    #[rpc]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
    #[rpc = "cast"]
    async fn list(&self, ctxt: &Context, #[rpc] limit: u32) -> Result<()>;
}

fn main() {}
