use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn a(&self, ctxt: &Context, name: impl Into<String>) -> Result<()>;
    async fn b(&self, ctxt: &Context, name: _) -> Result<()>;
}

fn main() {}
