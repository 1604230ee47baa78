use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&self, ctxt: &Context) -> Option<u8>;
    async fn b(&self, ctxt: &Context) -> String;
    async fn c(&self, ctxt: &Context) -> Box<u8>;
    async fn d(&self, ctxt: &Context) -> !;
}

fn main() {}
