use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0", times(long = 1800, short = 1, long = 900))]
trait Inventory {
    #[rpc(timeout = long)]
    async fn scan(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
