use rpc_runtime::{Context, Result, rpc_client};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Limit(u32);

#[derive(Default, Serialize, Deserialize)]
pub struct Spec(u32);

#[rpc_client(version = "2.0")]
pub trait Inventory {
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", default = Limit(3))] limit: Limit,
        #[rpc(since = "2.1", default)] spec: &Spec,
        #[rpc(since = "2.1", default = &[])] all: &[Limit],
    ) -> Result<()>;
}

fn main() {}
