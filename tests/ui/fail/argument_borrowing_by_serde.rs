use std::borrow::Cow;

use rpc_runtime::{Context, Result, rpc_client};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Label<'a> {
    #[serde(borrow)]
    pub text: Cow<'a, str>,
}

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn put(&self, ctxt: &Context, label: Label<'_>) -> Result<()>;
    async fn lend(&self, ctxt: &Context, label: &Label<'_>) -> Result<()>;
    async fn all(&self, ctxt: &Context, labels: Vec<Label<'_>>) -> Result<()>;
    async fn first(&self, ctxt: &Context) -> Result<Label<'static>>;
}

fn main() {}
