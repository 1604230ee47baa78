use rpc_runtime::{Context, MaybeAbsent, Result, rpc_client};

#[rpc_client(version = "2.0")]
trait Inventory {
    async fn update(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", default = MaybeAbsent::Absent)] owner: MaybeAbsent<String>,
        #[rpc(default)] label: MaybeAbsent<Option<String>>,
    ) -> Result<()>;
}

fn main() {}
