use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn a(&self, ctxt: &Context);
    async fn b(&self, ctxt: &Context) -> ();
    async fn c(&self, ctxt: &Context) -> (u8, u8);
    async fn d(&self, ctxt: &Context) -> &str;
    async fn e(&self, ctxt: &Context) -> impl Clone;
    async fn f(&self, ctxt: &Context) -> u32;
    async fn g(&self, ctxt: &Context) -> Option<u32>;
    #[rpc(cast)]
    async fn h(&self, ctxt: &Context);
}

fn main() {}
