use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(verison = "2.0", version = "2.0", tropic = "inventory", durable)]
trait Inventory {
    #[rpc(cst)]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
    #[rpc(cast, since = "2.3")]
    async fn list(&self, ctxt: &Context, #[rpc(nmae = "lim", default = 3)] limit: u32) -> Result<()>;
    #[rpc(rpc::cast)]
    async fn poke(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
