use rpc_runtime::{Context, Result, rpc_client};

pub struct Host;

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn put(&self, ctxt: &Context, id: u32, host: Host) -> Result<()>;
}

fn main() {}
