use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version, topic, namespace(nova), exchange, crate)]
trait Inventory {
    #[rpc(version)]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
    #[rpc(timeout, monitor(3), name)]
    async fn list(&self, ctxt: &Context, #[rpc(name)] limit: u32) -> Result<()>;
}

fn main() {}
