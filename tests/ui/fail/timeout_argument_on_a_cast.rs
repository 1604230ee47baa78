use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    #[rpc(cast)]
    async fn touch(&self, ctxt: &Context, #[rpc(timeout)] within: u32) -> Result<()>;
    #[rpc(cast, fanout)]
    async fn refresh(&self, ctxt: &Context, #[rpc(timeout)] within: u32) -> Result<()>;
}

fn main() {}
