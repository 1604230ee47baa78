use rpc_runtime::{Context, Result, Transport, rpc_client};

#[rpc_client(topic = "inventory", version = "2.x", aliases(juno = "1.4"))]
pub trait Inventory {
    #[rpc(name_before("2.4", "size"))]
    async fn resize(&self, ctxt: &Context, #[rpc(since = "2.3")] size: Option<u32>) -> Result<()>;
    #[rpc(call, cast, timeout = long)]
    async fn touch(&self, ctxt: &Context, #[rpc(server)] host: Option<&str>) -> Result<u32>;
    #[rpc(version = "3.0")]
    async fn count(&self, ctxt: &Context, #[rpc(since = "3.1")] all: Option<bool>) -> Result<u32>;
}

pub async fn caller(transport: &Transport, ctxt: &Context) -> Result<()> {
    let inventory = InventoryClient::builder(transport).version_cap_named("juno").build()?;
    inventory.resize(ctxt, None).version_cap((2, 2)).await?;
    inventory.touch(ctxt, Some("a")).await?;
    inventory.touch(ctxt, None).cast().await
}

fn main() {}
