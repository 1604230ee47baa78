use rpc_runtime::{Context, Result, rpc_client};

pub trait Named {
    fn name(&self) -> String;
}

#[rpc_client(version = "1.0")]
pub trait Inventory: Named {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

fn main() {}
