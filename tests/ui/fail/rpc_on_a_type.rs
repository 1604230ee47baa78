use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    #[rpc(cast)]
    type Host;
    async fn right(&self, ctxt: &Context) -> Result<()>;
}

async fn caller(hosts: &HostsClient, ctxt: &Context) -> Result<()> {
    hosts.right(ctxt).topic("other").await
}

fn main() {}
