use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0", tiems(long = 60))]
trait Inventory {
    #[rpc(timeout = long)]
    async fn create(
        &self,
        ctxt: &Context,
        #[rpc(sinse = "2.1", below = drop)] hint: Option<&str>,
        #[rpc(since = "2.2", defualt = 3)] copies: u32,
    ) -> Result<()>;
    #[rpc(csat, fanout, name_befor("2.3", "renew"))]
    async fn refresh(&self, ctxt: &Context, #[rpc(untill = "2.1", below = drop)] all: bool) -> Result<()>;
}

fn main() {}
