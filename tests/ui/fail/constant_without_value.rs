use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    const LIMIT: usize;
    const NAME: &'static str = "inventory";
    async fn touch(&self, ctxt: &Context) -> Result<()>;
}

struct Shelves;

impl Inventory for Shelves {
    const LIMIT: usize = 3;
    async fn touch(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

fn main() {}
