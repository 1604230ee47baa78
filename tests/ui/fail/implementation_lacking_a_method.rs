use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
    #[rpc(cast)]
    async fn touch(&self, ctxt: &Context, id: u32) -> Result<()>;
}

struct Shelves;

impl Inventory for Shelves {
    async fn count(&self, _: &Context) -> Result<u32> {
        Ok(3)
    }
}

fn main() {}
