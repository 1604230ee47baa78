use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    #[rpc(call, cast, fanout)]
    async fn refresh(&self, ctxt: &Context) -> Result<()>;
    #[rpc(call, fanout)]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
