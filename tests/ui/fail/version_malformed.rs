use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "two")]
trait Inventory {
    #[rpc(version = "2")]
    async fn a(&self, ctxt: &Context) -> Result<()>;
    #[rpc(version = "2.03")]
    async fn b(&self, ctxt: &Context) -> Result<()>;
    #[rpc(version = "2.3.4.5")]
    async fn c(&self, ctxt: &Context) -> Result<()>;
    #[rpc(version = "v2.3")]
    async fn d(&self, ctxt: &Context) -> Result<()>;
    #[rpc(version = "2.4294967296")]
    async fn e(&self, ctxt: &Context) -> Result<()>;
    #[rpc(version = "")]
    async fn f(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
