use std::rc::Rc;

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

struct Shelves;

impl Inventory for Shelves {
    async fn count(&self, _: &Context) -> Result<u32> {
        let count = Rc::new(3);
        std::future::ready(()).await;
        Ok(*count)
    }
}

fn main() {}
