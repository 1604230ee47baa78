use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "inventory")]
trait Inventory {
    #[rpc(version = "2.3")]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
}

#[rpc_client]
trait Bare {
    async fn touch(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
