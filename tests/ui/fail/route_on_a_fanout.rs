use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    #[rpc(cast, fanout)]
    async fn refresh(&self, ctxt: &Context, #[rpc(server)] host: &str) -> Result<()>;
    #[rpc(cast, fanout, route = by_pool(pool))]
    async fn forget(&self, ctxt: &Context, pool: &str) -> Result<()>;
}

fn main() {}
