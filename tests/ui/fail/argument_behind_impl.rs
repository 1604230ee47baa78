use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&self, ctxt: &Context, name: &impl AsRef<str>) -> Result<()>;
    async fn b(&self, ctxt: &Context, name: Option<impl AsRef<str>>) -> Result<()>;
    async fn c(&self, ctxt: &Context, names: &[impl AsRef<str>]) -> Result<()>;
    async fn d(&self, ctxt: &Context, names: Vec<(u8, impl AsRef<str>)>) -> Result<()>;
}

fn serves(hosts: &HostsClient, ctxt: &Context) {
    let _ = hosts.a(ctxt, &"db-1").topic("x");
}

fn main() {}
