use rpc_runtime::{Context, Error, rpc_client};

pub type Counted = Result<u32, Error>;

#[rpc_client(version = "1.0")]
pub trait Inventory {
    #[rpc(cast)]
    async fn touch(&self, ctxt: &Context) -> Counted;
}

fn main() {}
