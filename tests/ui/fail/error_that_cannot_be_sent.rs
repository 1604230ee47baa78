use std::error::Error;

use rpc_runtime::{Context, rpc_client};

#[rpc_client(topic = "hosts", version = "1.0")]
trait Hosts {
    async fn a(&self, ctxt: &Context) -> Result<u8, String>;
    async fn b(&self, ctxt: &Context) -> Result<u8, Box<dyn Error + Send + Sync>>;
    async fn c(&self, ctxt: &Context) -> Result<u8, ()>;
    async fn d(&self, ctxt: &Context) -> Result<u8, std::io::Error>;
    async fn e(&self, ctxt: &Context) -> std::io::Result<u8>;
}

fn main() {}
