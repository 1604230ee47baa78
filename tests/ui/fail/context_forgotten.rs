use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "store", version = "1.0")]
pub trait Store {
    async fn size(&self, host: &str) -> Result<u32>;
    async fn sizes(&self, hosts: &[String], ctxt: &Context) -> Result<u32>;
    async fn name(&self, host: &String) -> Result<String>;
}

fn main() {}
