use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0", aliases(juno = 2.6, kilo = "2.x", "2024.1" = liberty))]
trait Inventory {
    async fn scan(&self, ctxt: &Context) -> Result<()>;
}

#[rpc_client(version = "2.0", aliases(2024.1 = "2.6"))]
trait Stores {
    async fn scan(&self, ctxt: &Context) -> Result<()>;
}

#[rpc_client(version = "2.0", aliases = "juno")]
trait Racks {
    async fn scan(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
