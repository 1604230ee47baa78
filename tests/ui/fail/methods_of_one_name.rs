use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn right(&self, ctxt: &Context) -> Result<()>;
    async fn right(&self, ctxt: &Context, id: u32) -> Result<u32>;
    #[rpc(name = "other")]
    async fn right(&self, ctxt: &Context, name: &str) -> Result<()>;
    async fn right(&self) -> u32 {
        1
    }
}

async fn caller(hosts: &HostsClient, ctxt: &Context) -> Result<()> {
    let _ = HostsEndpoint::new(hosts.clone());
    hosts.right(ctxt).topic("other").await
}

fn main() {}
