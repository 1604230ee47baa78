use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&self, ctxt: &Context, then: fn(u8)) -> Result<()>;
    async fn b(&self, ctxt: &Context, at: *const u8) -> Result<()>;
}

fn main() {}
