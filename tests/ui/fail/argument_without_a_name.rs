use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn a(&self, ctxt: &Context, (x, y): (u8, u8)) -> Result<()>;
    async fn b(&self, ctxt: &Context, _: u8) -> Result<()>;
    async fn c(&self, ctxt: &Context, mut id: u8) -> Result<()>;
    async fn d(&self, ctxt: &Context, ref id: u8) -> Result<()>;
    async fn e(&self, ctxt: &Context, [first, ..]: [u8; 3], _: u8) -> Result<()>;
}

fn main() {}
