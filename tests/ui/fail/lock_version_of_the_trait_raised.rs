use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "inventory", version = "2.1", lock = "ui/fail/locks/inventory.lock")]
trait Inventory {
    async fn rack(&self, ctxt: &Context, host: &str) -> Result<String>;

    #[rpc(cast, name_before("2.2", "set_size"))]
    async fn resize(
        &self,
        ctxt: &Context,
        host: &str,
        #[rpc(default = 1)] size: u32,
        #[rpc(since = "2.3")] late: Option<bool>,
    ) -> Result<()>;
}

fn main() {}
