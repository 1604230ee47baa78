use rpc_runtime::{Context, Result, rpc_client};
use serde::Serialize;

#[derive(Serialize)]
pub struct Host;

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn put(&self, ctxt: &Context, id: u32, host: Host) -> Result<()>;
    async fn lend(&self, ctxt: &Context, host: &Host) -> Result<()>;
    async fn fill(&self, ctxt: &Context, hosts: Option<&[Host]>) -> Result<()>;
}

fn main() {}
