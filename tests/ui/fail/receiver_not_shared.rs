use std::sync::Arc;

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
trait Inventory {
    async fn a(ctxt: &Context) -> Result<()>;
    async fn b(self, ctxt: &Context) -> Result<()>;
    async fn c(&mut self, ctxt: &Context) -> Result<()>;
    async fn d(self: Arc<Self>, ctxt: &Context) -> Result<()>;
    async fn e(self: &Self, ctxt: &Context) -> Result<()>;
    async fn f() -> Result<()>;
}

fn main() {}
