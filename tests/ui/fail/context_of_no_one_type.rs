use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&self, ctxt: &dyn Send) -> Result<()>;
    async fn b(&self, ctxt: &impl Send) -> Result<()>;
    async fn c(&self, ctxt: &Self) -> Result<()>;
    async fn d(&self, ctxt: &_) -> Result<()>;
    async fn right(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
