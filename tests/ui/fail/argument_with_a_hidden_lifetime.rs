use std::borrow::Cow;

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn put(&self, ctxt: &Context, name: Cow<str>) -> Result<()>;
    async fn all(&self, ctxt: &Context, ids: Option<std::borrow::Cow<[u8]>>) -> Result<()>;
    async fn name(&self, ctxt: &Context) -> Result<Cow<str>>;
}

fn main() {}
