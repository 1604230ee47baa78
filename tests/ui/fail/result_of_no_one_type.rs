use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&self, ctxt: &Context) -> Result<impl Send>;
    async fn b(&self, ctxt: &Context) -> Result<Self>;
    async fn c(&self, ctxt: &Context) -> Result<Vec<_>>;
}

fn main() {}
