use std::cell::Cell;

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

struct Shelves {
    count: Cell<u32>,
}

impl Inventory for Shelves {
    async fn count(&self, _: &Context) -> Result<u32> {
        Ok(3)
    }
}

fn main() {}
