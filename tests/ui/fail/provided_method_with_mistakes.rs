//! What is wrong with a provided method is reported at its body.

use std::cell::Cell;
use std::fmt::Display;
use std::rc::Rc;

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "provided", version = "1.0")]
pub trait Provided {
    async fn count(&self, ctxt: &Context) -> Result<u32>;

    async fn another_type(&self) -> Result<u32> {
        Ok("three")
    }

    async fn another_type_early(&self, early: bool) -> Result<u32> {
        if early {
            return Ok("three");
        }
        Ok(3)
    }

    async fn nothing(&self, ctxt: &Context) -> Result<u32> {
        self.count(ctxt).await?;
    }

    async fn not_send(&self, ctxt: &Context) -> Result<u32> {
        let shared = Rc::new(3);
        let count = self.count(ctxt).await?;
        Ok(count + *shared)
    }

    async fn not_send_nor_typed(&self, ctxt: &Context) {
        let shared = Rc::new(3);
        drop(self.count(ctxt).await);
        drop(shared);
    }

    async fn not_displayed(&self) -> Box<dyn Display> {
        Box::new(Cell::new(3))
    }

    async fn unused_error(&self, text: &str) -> Result<u32> {
        Ok(text.parse()?)
    }
}

fn main() {}
