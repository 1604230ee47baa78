use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn a(&self, ctxt: &Context, #[cfg(unix)] id: u8) -> Result<()>;
    #[cfg_attr(unix, rpc(cast))]
    async fn c(&self, ctxt: &Context) -> Result<()>;
    async fn b(&self, ctxt: &Context, #[cfg_attr(unix, rpc(name = "i"))] id: u8) -> Result<()>;
    async fn d(&self, ctxt: &Context, #[cfg_attr(unix, allow(unused), cfg(any()))] id: u8) -> Result<()>;
    async fn e(&self, #[cfg_attr(unix, rpc(name = "i"))] ctxt: &Context) -> Result<()>;
}

fn main() {}
