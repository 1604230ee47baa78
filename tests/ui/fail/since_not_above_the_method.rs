use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    #[rpc(version = "2.3")]
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.3")] size: Option<u32>,
        #[rpc(until = "2.1")] kind: Option<&str>,
        #[rpc(name_before("2.2", "owner"))] user: &str,
    ) -> Result<()>;
    async fn list(&self, ctxt: &Context, #[rpc(since = "2.0")] limit: Option<u32>) -> Result<()>;
}

fn main() {}
