use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0", crate = "rpc_runtime")]
trait Inventory {
    async fn touch(&self, ctxt: &Context) -> Result<()>;
}

#[rpc_client(version = "1.0", crate = <u8 as Trait>::Runtime)]
trait Other {
    async fn touch(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
