use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client("inventory", version = "1.0")]
trait TopicAlone {
    async fn touch(&self, ctxt: &Context) -> Result<()>;
}

#[rpc_client(version = "1.0")]
trait Inventory {
    #[rpc(cast fanout)]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
    #[rpc(timeout = )]
    async fn list(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
