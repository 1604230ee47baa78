use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = 2.0, topic = inventory, namespace = 1, exchange = b"nova")]
trait Inventory {
    #[rpc(version = 2.3)]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
    #[rpc(name = concat!("a", "b"))]
    async fn list(&self, ctxt: &Context, #[rpc(name = 'l')] limit: u32) -> Result<()>;
}

fn main() {}
