use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0", times(long = 1800, silence = 60))]
trait Inventory {
    #[rpc(timeout = lnog, monitor = silence)]
    async fn scan(&self, ctxt: &Context) -> Result<()>;
    #[rpc(timeout = long)]
    async fn list(&self, ctxt: &Context) -> Result<()>;
}

#[rpc_client(version = "2.0")]
trait Stores {
    #[rpc(timeout = long)]
    async fn scan(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
