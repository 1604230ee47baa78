use rpc_runtime::{Context, Result, rpc_client};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Host {
    name: String,
    size: u64,
}

#[rpc_client(topic = "hosts", version = "1.0", lock = "ui/fail/locks/hosts.lock")]
trait Hosts {
    async fn hosts(&self, ctxt: &Context) -> Result<Vec<Host>>;
}

fn main() {}
