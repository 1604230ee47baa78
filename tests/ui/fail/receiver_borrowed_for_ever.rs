use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&'static self, ctxt: &Context) -> Result<()>;
}

fn main() {}
