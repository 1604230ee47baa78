use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0", route = by_cell(cell))]
trait Inventory {
    async fn check(&self, ctxt: &Context, #[rpc(route)] pool: Option<&str>) -> Result<()>;
    #[rpc(route = by_pool(pol))]
    async fn scan(&self, ctxt: &Context, pool: &str) -> Result<()>;
    #[rpc(route = by_pool(pool))]
    async fn list(&self, ctxt: &Context, #[rpc(route)] pool: &str) -> Result<()>;
}

fn main() {}
