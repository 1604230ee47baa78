use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn a(&self) -> Result<()>;
    async fn b(&self, ctxt: Context) -> Result<()>;
    async fn c(&self, ctxt: &mut Context) -> Result<()>;
    async fn d(&self, Context { .. }: &Context) -> Result<()>;
    async fn e(&self, id: u32, ctxt: &Context) -> Result<()>;
}

fn main() {}
