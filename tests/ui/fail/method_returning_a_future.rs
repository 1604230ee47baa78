use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    fn a(&self, ctxt: &Context) -> impl Future<Output = Result<u8>> + Send;
    fn b(&self, ctxt: &Context) -> impl Future<Output = Result<()>>;
}

async fn caller(hosts: &HostsClient, ctxt: &Context) -> Result<u8> {
    hosts.a(ctxt).await
}

fn main() {}
