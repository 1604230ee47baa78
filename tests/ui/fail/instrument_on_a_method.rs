use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
pub trait Inventory {
    #[instrument]
    async fn count(&self, ctxt: &Context) -> Result<u32>;
    #[tracing::instrument(skip_all)]
    async fn put(&self, ctxt: &Context, host: &str) -> Result<()>;
}

fn main() {}
