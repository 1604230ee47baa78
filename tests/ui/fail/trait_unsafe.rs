use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
unsafe trait Inventory {
    async fn touch(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
