use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    #[rpc(timeout = 30)]
    async fn check(&self, ctxt: &Context, #[rpc(timeout)] within: u32) -> Result<()>;
    async fn scan(
        &self,
        ctxt: &Context,
        #[rpc(timeout)] within: u32,
        #[rpc(timeout)] at_most: Option<u32>,
    ) -> Result<()>;
}

fn main() {}
