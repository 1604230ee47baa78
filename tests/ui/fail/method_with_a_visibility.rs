use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    pub async fn a(&self, ctxt: &Context) -> Result<()>;
    /// Counts.
    #[rpc(cast)]
    pub(crate) async fn b(&self, ctxt: &Context) -> Result<()>;
    pub async fn c(&self) -> u32 {
        1
    }
    pub const LIMIT: u32 = 1;
    async fn right(&self, ctxt: &Context) -> Result<()>;
}

async fn caller(hosts: &HostsClient, ctxt: &Context) -> Result<()> {
    let _ = HostsEndpoint::new(hosts.clone());
    hosts.right(ctxt).topic("other").await
}

struct Service;

impl Hosts for Service {
    async fn a(&self, _: &Context) -> Result<()> {
        Ok(())
    }
    async fn b(&self, _: &Context) -> Result<()> {
        Ok(())
    }
    async fn right(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

fn main() {}
