use rpc_runtime::{Result, rpc_client};

pub struct Caller;

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn touch(&self, ctxt: &Caller, id: u32) -> Result<()>;
}

fn main() {}
