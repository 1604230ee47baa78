use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    #[rpc(fanout)]
    async fn refresh(&self, ctxt: &Context) -> Result<()>;
    #[rpc(version = "1.2", fanout)]
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

fn main() {}
