use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "", namespace = "", exchange = "", version = "1.0")]
trait Inventory {
    #[rpc(name = "")]
    async fn touch(&self, ctxt: &Context, #[rpc(name = "")] id: u32) -> Result<()>;
}

fn main() {}
