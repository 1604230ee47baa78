use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&self, ctxt: &Context, name: &'a str) -> Result<()>;
    async fn b<'a>(&'a self, ctxt: &'b Context, name: &'a str) -> Result<()>;
    fn c(&self, name: &'c str) -> usize {
        name.len()
    }
}

fn main() {}
