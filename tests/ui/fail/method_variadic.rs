use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&self, ctxt: &Context, ...) -> Result<()>;
    async fn b(&self, ctxt: &Context, more: ...) -> Result<()>;
    async fn right(&self, ctxt: &Context) -> Result<()>;
}

async fn caller(hosts: &HostsClient, ctxt: &Context) -> Result<()> {
    let _ = HostsEndpoint::new(hosts.clone());
    hosts.right(ctxt).topic("other").await
}

fn main() {}
