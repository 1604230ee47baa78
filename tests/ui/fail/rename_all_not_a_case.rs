use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0", rename_all = "camel")]
trait Hosts {
    async fn list_hosts(&self, ctxt: &Context) -> Result<()>;
}

#[rpc_client(version = "1.0", rename_all = "PascalCase")]
trait Racks {
    async fn list_racks(&self, ctxt: &Context, id: u32, #[rpc(name = "Id")] other: u32) -> Result<()>;
}

fn main() {}
