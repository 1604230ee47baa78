use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    type Item;
    async fn put(&self, ctxt: &Context, item: Self::Item) -> Result<()>;
}

fn main() {}
