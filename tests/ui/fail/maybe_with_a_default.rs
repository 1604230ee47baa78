use rpc_runtime::{Context, Maybe, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    async fn update(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", default = Maybe::Absent)] owner: Maybe<String>,
        #[rpc(default)] label: Maybe<Option<String>>,
    ) -> Result<()>;
}

fn main() {}
