use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&self, ctxt: &Context, name: str) -> Result<()>;
    async fn b(&self, ctxt: &Context, names: [String]) -> Result<()>;
}

fn main() {}
