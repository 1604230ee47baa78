use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn a(&self, ctxt: &Context, name: &'static str) -> Result<()>;
    async fn b(&self, ctxt: &Context, name: Option<&'static [u8]>) -> Result<()>;
    async fn c(&self, ctxt: &'static Context) -> Result<()>;
}

fn main() {}
