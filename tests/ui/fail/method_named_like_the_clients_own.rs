use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn new(&self, ctxt: &Context) -> Result<()>;
    async fn builder(&self, ctxt: &Context) -> Result<()>;
    async fn r#rpc(&self, ctxt: &Context) -> Result<()>;
    #[rpc(name = "prep")]
    async fn prepare(&self, ctxt: &Context) -> Result<()>;
    async fn can_send_version(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
