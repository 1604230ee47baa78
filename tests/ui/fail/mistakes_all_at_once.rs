use rpc_runtime::{Context, Result, Transport, rpc_client};

#[rpc_client(topic = "", vresion = "2.0")]
pub trait Inventory {
    fn host(&self, ctxt: &Context, (name, _): (String, u8)) -> Result<()>;
    #[rpc(fanout, timeout = 0)]
    async fn resize(&mut self, id: u32, size: &mut u32);
    const LIMIT: u32;
    #[rpc(cast, version = "x")]
    async fn touch<T>(&self, ctxt: &Context, id: T) -> Result<T>;
    async fn right(&self, ctxt: &Context) -> Result<()>;
    type Item;
}

async fn caller(transport: &Transport, ctxt: &Context) -> Result<()> {
    let _ = std::any::type_name::<InventoryClient>();
    let _ = std::any::type_name::<InventoryEndpoint<()>>();
    let _ = (transport, ctxt);
    Ok(())
}

fn main() {}
