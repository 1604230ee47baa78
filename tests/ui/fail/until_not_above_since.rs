use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.3", until = "2.3")] size: Option<u32>,
        #[rpc(since = "2.4", until = "2.2")] kind: Option<&str>,
    ) -> Result<()>;
}

fn main() {}
