use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0", cast, timeout = 30)]
trait Inventory {
    #[rpc(since = "2.3", topic = "stores")]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
    async fn list(&self, ctxt: &Context, #[rpc(version = "2.3", cast)] limit: Option<u32>) -> Result<()>;
}

fn main() {}
