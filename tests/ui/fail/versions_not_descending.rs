use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "3.0")]
trait Inventory {
    #[rpc(versions("2.0", "3.0"))]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
    #[rpc(versions("3.1", "3.1", "2.0"))]
    async fn list(&self, ctxt: &Context) -> Result<()>;
    #[rpc(versions())]
    async fn poke(&self, ctxt: &Context) -> Result<()>;
    #[rpc(versions("3.x", "2"))]
    async fn count(&self, ctxt: &Context) -> Result<u32>;
    #[rpc(versions("4.0", "3.0"))]
    async fn clear(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
