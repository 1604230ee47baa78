use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0", aliases(grizzly = "1.9", havana = "2.0", juno = "2.4", kilo = "3.0"))]
trait Inventory {
    #[rpc(version = "2.2")]
    async fn scan(&self, ctxt: &Context) -> Result<()>;
    #[rpc(version = "2.3")]
    async fn list(&self, ctxt: &Context) -> Result<()>;
}

#[rpc_client(version = "2.0", aliases(ash = "1.1", birch = "1.2", cedar = "2.0", date = "2.1", elm = "3.0"))]
trait Stock {
    #[rpc(versions("2.1", "1.2"))]
    async fn scan(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
