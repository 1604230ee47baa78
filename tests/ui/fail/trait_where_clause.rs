use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory
where
    Self: Sized,
{
    async fn touch(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
