use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0", route = by_pool(pool))]
trait Inventory {
    async fn check(
        &self,
        ctxt: &Context,
        #[rpc(server, since = "2.3")] host: Option<&str>,
        #[rpc(topic, name = "to", default = "stores")] topic: &str,
        #[rpc(route, name_before("2.1", "p"), below = drop)] pool: Option<&str>,
    ) -> Result<()>;
    async fn scan(&self, ctxt: &Context, #[rpc(server, timeout)] host: &str) -> Result<()>;
}

fn main() {}
