use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn a(&self, ctxt: &Context, names: &mut Vec<String>) -> Result<()>;
    async fn b(&self, ctxt: &Context, name: Option<&mut String>) -> Result<()>;
}

fn main() {}
