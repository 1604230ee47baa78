use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&self, ctxt: &Context, #[cfg(any())] id: u32) -> Result<()>;
    async fn b(&self, #[cfg(any())] ctxt: &Context, id: u32) -> Result<()>;
    async fn right(&self, ctxt: &Context) -> Result<()>;
}

async fn caller(hosts: &HostsClient, ctxt: &Context) -> Result<()> {
    let _ = HostsEndpoint::new(hosts.clone());
    hosts.right(ctxt).topic("other").await
}

fn main() {}
