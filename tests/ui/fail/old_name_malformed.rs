use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    #[rpc(name_before("2.3"))]
    async fn resize(&self, ctxt: &Context, #[rpc(name_before = "kind")] spec: &str) -> Result<()>;
    #[rpc(name_before("change", "2.3"))]
    async fn touch(&self, ctxt: &Context) -> Result<()>;
    #[rpc(name_before(2.3, change))]
    async fn poke(&self, ctxt: &Context) -> Result<()>;
    #[rpc(name_before("2.3", ""))]
    async fn list(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
