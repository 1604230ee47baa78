use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    #[rpc(cast)]
    async fn right(&self, ctxt: &Context) -> Result<()>;
}

async fn caller(hosts: &HostsClient, ctxt: &Context) -> Result<()> {
    let _ = HostsEndpoint::new(hosts.clone());
    hosts.right(ctxt).topic("other").await
}

#[rpc_client(topic = "disks", version = "1.0")]
#[rpc_runtime::rpc_client(topic = "disks", version = "1.1")]
trait Disks {
    async fn count(&self, ctxt: &Context, #[rpc(since = "1.1")] rack: Option<u32>) -> Result<u32>;
}

fn main() {}
