use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    #[rpc(cast)]
    async fn touch(&self, ctxt: &Context) -> Result<u32>;
    #[rpc(cast, fanout)]
    async fn refresh(&self, ctxt: &Context) -> std::result::Result<Vec<String>, rpc_runtime::Error>;
}

fn main() {}
