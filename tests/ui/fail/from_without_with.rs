use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", from = gigabytes)] size: u32,
        #[rpc(since = "2.2", below = drop, from = gigabytes)] limit: Option<u32>,
        #[rpc(since = "2.3", below = with(megabytes), from = "gigabytes")] least: u32,
    ) -> Result<()>;
}

fn megabytes(gigabytes: &u32) -> u32 {
    gigabytes * 1024
}

fn main() {}
