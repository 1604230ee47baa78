use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1")] size: u32,
        #[rpc(since = "2.2", below = drop)] kind: &str,
        #[rpc(since = "2.3", below = with(shortened))] label: &str,
        #[rpc(until = "2.4")] bus: &str,
    ) -> Result<()>;
}

fn shortened(label: &str) -> &str {
    label.get(..8).unwrap_or(label)
}

fn main() {}
