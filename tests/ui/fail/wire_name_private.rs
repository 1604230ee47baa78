use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn _list(&self, ctxt: &Context) -> Result<()>;
    #[rpc(name = "__init__")]
    async fn init(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
