use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    #[rpc(timeout = 0)]
    async fn a(&self, ctxt: &Context) -> Result<()>;
    #[rpc(timeout = -1)]
    async fn b(&self, ctxt: &Context) -> Result<()>;
    #[rpc(timeout = "30")]
    async fn c(&self, ctxt: &Context) -> Result<()>;
    #[rpc(monitor = 30u64)]
    async fn d(&self, ctxt: &Context) -> Result<()>;
    #[rpc(monitor = 1e300)]
    async fn e(&self, ctxt: &Context) -> Result<()>;
    #[rpc(timeout = Duration::from_secs(3), monitor = 0.0)]
    async fn f(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
