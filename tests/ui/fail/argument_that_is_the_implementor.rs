use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&self, ctxt: &Context, other: Self) -> Result<()>;
    async fn b(&self, ctxt: &Context, other: &Self) -> Result<()>;
    async fn c(&self, ctxt: &Context, others: &[&Self]) -> Result<()>;
}

fn main() {}
