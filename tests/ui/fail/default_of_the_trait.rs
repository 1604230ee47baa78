use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
pub trait Inventory {
    const COPIES: u32 = 3;
    async fn create(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", default = Self::COPIES)] copies: u32,
    ) -> Result<()>;
}

fn main() {}
