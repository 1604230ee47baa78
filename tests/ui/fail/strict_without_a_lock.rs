use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "sizes", version = "1.0", strict)]
trait Sizes {
    async fn largest(&self, ctxt: &Context) -> Result<u32>;
}

fn main() {}
