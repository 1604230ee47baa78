use std::borrow::Cow;

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&self, ctxt: &Context) -> Result<&str>;
    async fn b(&self, ctxt: &Context) -> Result<&'static str>;
    async fn c(&self, ctxt: &Context) -> Result<Option<&[u8]>>;
    async fn d(&self, ctxt: &Context) -> Result<Cow<'_, str>>;
    async fn e<'a>(&'a self, ctxt: &Context) -> Result<Cow<'a, str>>;
    async fn f(&self, ctxt: &Context) -> Result<&std::path::Path>;
    async fn g(&self, ctxt: &Context) -> Result<&OsStr>;
    async fn h(&self, ctxt: &Context) -> Result<&RawValue>;
    async fn right(&self, ctxt: &Context) -> Result<Cow<'static, str>>;
}

fn main() {}
