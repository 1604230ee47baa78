use rpc_runtime::{Context, Error, rpc_client};

pub struct Empty;

impl From<Error> for Empty {
    fn from(_: Error) -> Self {
        Self
    }
}

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn take(&self, ctxt: &Context) -> Result<u32, Empty>;
}

fn main() {}
