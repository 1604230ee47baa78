use std::borrow::Cow;

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn put(&self, ctxt: &Context, name: Cow<str>) -> Result<()>;
}

fn main() {}
