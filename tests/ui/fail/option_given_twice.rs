use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "a", version = "2.0", topic = "b", version = "2.x")]
trait Inventory {
    #[rpc(cast, cast)]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
    #[rpc(timeout = 1)]
    #[rpc(timeout = 2)]
    async fn list(&self, ctxt: &Context, #[rpc(name = "a", name = "b")] limit: u32) -> Result<()>;
}

fn main() {}
