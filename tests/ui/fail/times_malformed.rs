use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0", times(long = 0, short = "1", in-between = 3))]
trait Inventory {
    #[rpc(timeout = long)]
    async fn scan(&self, ctxt: &Context) -> Result<()>;
}

#[rpc_client(version = "2.0", times = 30)]
trait Stores {
    #[rpc(timeout = long)]
    async fn scan(&self, ctxt: &Context) -> Result<()>;
}

#[rpc_client(version = "2.0", times(long = 0, short = "1", "in between" = 3))]
trait Racks {
    #[rpc(timeout = long)]
    async fn scan(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
