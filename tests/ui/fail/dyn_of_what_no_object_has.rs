//! A trait object has no size and no generic methods. Each part that it cannot have is reported at its own place.
use std::any::Any;

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "inventory", version = "1.0", dyn)]
pub trait Inventory: Send + Clone {
    async fn size(&self, ctxt: &Context) -> Result<u32>;
}

#[rpc_client(topic = "inventory", version = "1.0", dyn)]
pub trait Lasting: 'static + Any {
    async fn size(&self, ctxt: &Context) -> Result<u32>;
}

#[rpc_client(topic = "inventory", version = "1.0", dyn)]
pub trait Compared: PartialEq {
    async fn size(&self, ctxt: &Context) -> Result<u32>;
}

impl PartialEq for ComparedClient {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[rpc_client(topic = "inventory", version = "1.0", dyn)]
pub trait Provided {
    async fn size(&self, ctxt: &Context) -> Result<u32>;

    fn named() -> u32 {
        1
    }
    fn taken(self: Box<Self>) {}
    fn each<T>(&self, _: T) {}
    async fn shown(&self, _: impl Send) {}
    fn same(&self, _: &Self) {}
    fn listed(&self) -> impl Iterator<Item = u32> {
        [1].into_iter()
    }
    async fn lent(&self) -> &u32 {
        &1
    }
    fn kept_out<T>(&self, _: T)
    where
        Self: Sized,
    {
    }
}

// What uses the objects has no mistakes of its own.
pub struct State(pub std::sync::Arc<dyn DynInventory>);

pub async fn sizes(lasting: &dyn DynLasting, provided: &dyn DynProvided, ctxt: &Context) -> Result<u32> {
    let _ = lasting;
    provided.size(ctxt).await
}

fn main() {}
