use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0", aliases(auto = "2.0", juno = "2.1", juno = "2.2", "" = "2.3"))]
trait Inventory {
    async fn scan(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
