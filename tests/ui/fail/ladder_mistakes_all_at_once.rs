use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0", aliases(auto = "2.1"), times(long = 0))]
trait Inventory {
    #[rpc(version = "3.0", name_before("2.4", "list"), timeout = lnog)]
    async fn list(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.0")] limit: Option<u32>,
        #[rpc(since = "2.3")] size: u32,
        #[rpc(below = drop, from = spec)] mut spec: String,
    ) -> Result<u32>;
    #[rpc(cast, versions("2.1", "2.4"), route = by_pool(pool), fanout)]
    async fn forget(
        &self,
        ctxt: &Context,
        #[rpc(timeout, server)] within: u32,
        #[rpc(until = "2.2", name_before("2.5", "within"))] disk: u32,
    ) -> Result<()>;
    async fn right(&self, ctxt: &Context, #[rpc(since = "2.1")] all: Option<bool>) -> Result<()>;
}

fn main() {}
