use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    #[rpc(cast = true)]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
    #[rpc(cast, fanout("all"))]
    async fn refresh(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
