use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(below = drop)] size: Option<u32>,
        #[rpc(until = "2.3", below = refuse)] kind: Option<&str>,
    ) -> Result<()>;
}

fn main() {}
