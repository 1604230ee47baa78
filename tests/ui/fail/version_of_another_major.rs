use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    async fn touch(&self, ctxt: &Context) -> Result<()>;
    #[rpc(version = "3.0")]
    async fn list(&self, ctxt: &Context) -> Result<()>;
    #[rpc(cast, version = "1.9")]
    async fn poke(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
