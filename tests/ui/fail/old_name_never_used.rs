use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.3", name_before("2.2", "user"))] owner: Option<&str>,
        #[rpc(since = "2.1", name_before("2.2", "flavour"))] kind: Option<&str>,
        #[rpc(until = "2.2", name_before("2.3", "bus"))] connector: Option<&str>,
    ) -> Result<()>;
}

fn main() {}
