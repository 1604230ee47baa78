use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    #[rpc(name = "LIMIT")]
    const LIMIT: usize = 3;

    async fn touch(&self, #[rpc(name = "context")] ctxt: &Context) -> Result<()>;

    async fn list(#[rpc(name = "me")] &self, ctxt: &Context) -> Result<()>;

    #[rpc(cast)]
    async fn both(&self, ctxt: &Context, #[rpc(name = "n")] count: u32) -> Result<()> {
        let _ = count;
        self.touch(ctxt).await?;
        self.list(ctxt).await
    }
}

fn main() {}
