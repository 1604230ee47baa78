use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&self, ctxt: &Context, #[serde(default)] id: Option<u32>) -> Result<()>;
    async fn b(&self, ctxt: &Context, #[serde(rename = "ID")] id: u32) -> Result<()>;
    async fn c(&self, ctxt: &Context, #[serde(with = "hex")] id: u32) -> Result<()>;
    #[serde(rename = "delete")]
    async fn d(&self, ctxt: &Context) -> Result<()>;
    async fn right(&self, ctxt: &Context) -> Result<()>;
}

async fn caller(hosts: &HostsClient, ctxt: &Context) -> Result<()> {
    let _ = HostsEndpoint::new(hosts.clone());
    hosts.right(ctxt).topic("other").await
}

fn main() {}
