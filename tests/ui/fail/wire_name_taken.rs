use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn list(&self, ctxt: &Context) -> Result<()>;
    #[rpc(name = "list")]
    async fn list_all(&self, ctxt: &Context) -> Result<()>;
    async fn put(&self, ctxt: &Context, id: u32, #[rpc(name = "id")] other: u32) -> Result<()>;
    #[rpc(name = "swap")]
    async fn put_back(
        &self,
        ctxt: &Context,
        #[rpc(name = "type")] kind: u32,
        r#type: u32,
    ) -> Result<()>;
    async fn swap(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
