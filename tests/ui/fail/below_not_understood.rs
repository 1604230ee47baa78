use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", below = ignore)] size: Option<u32>,
        #[rpc(since = "2.1", below = "drop")] kind: Option<&str>,
        #[rpc(since = "2.1", below = with())] label: Option<&str>,
        #[rpc(since = "2.1", below = with(split, a, b))] spec: Option<&str>,
        #[rpc(since = "2.1", below)] bus: Option<&str>,
    ) -> Result<()>;
}

fn main() {}
