use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn new(&self, ctxt: &Context) -> Result<()>;
    async fn builder(&self, ctxt: &Context) -> Result<()>;
    async fn r#rpc(&self, ctxt: &Context) -> Result<()>;
    #[rpc(name = "prep")]
    async fn prepare(&self, ctxt: &Context) -> Result<()>;
    async fn can_send_version(&self, ctxt: &Context) -> Result<()>;
    async fn INTERFACE(&self, ctxt: &Context) -> Result<()>;
    async fn clone(&self, ctxt: &Context, id: u32) -> Result<()>;
    fn clone_from(&self) -> u32 {
        1
    }
    async fn fmt(&self, ctxt: &Context) -> Result<()>;
    async fn from(&self, ctxt: &Context) -> Result<()>;
    async fn into(&self, ctxt: &Context) -> Result<()>;
    async fn try_from(&self, ctxt: &Context) -> Result<()>;
    async fn try_into(&self, ctxt: &Context) -> Result<()>;
    async fn to_owned(&self, ctxt: &Context) -> Result<()>;
    #[rpc(name = "clone-into")]
    async fn clone_into(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
