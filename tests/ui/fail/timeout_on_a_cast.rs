use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    #[rpc(cast, timeout = 3)]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
    #[rpc(monitor = 2, cast, fanout, timeout = 3)]
    async fn refresh(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
