use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    fn list(&self, ctxt: &Context) -> Result<()>;
    #[rpc(cast)]
    fn touch(&self, ctxt: &Context) -> Result<()>;
    async unsafe fn poke(&self, ctxt: &Context) -> Result<()>;
    async extern "C" fn prod(&self, ctxt: &Context) -> Result<()>;
}

fn main() {}
