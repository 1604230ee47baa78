use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "3.0")]
trait Inventory {
    #[rpc(versions("3.0", "2.4", "2.0"), name_before("2.3", "change"))]
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.5")] size: Option<u32>,
        #[rpc(since = "2.4")] kind: Option<&str>,
    ) -> Result<()>;
}

fn main() {}
