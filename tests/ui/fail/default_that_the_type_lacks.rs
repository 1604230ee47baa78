use rpc_runtime::{Context, Result, rpc_client};
use serde::{Deserialize, Serialize};

#[derive(PartialEq, Serialize, Deserialize)]
pub enum Kind {
    Disk,
    Tape,
}

#[rpc_client(version = "2.0")]
pub trait Inventory {
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", default)] kind: Kind,
        #[rpc(default)] other: &Kind,
    ) -> Result<()>;
}

fn main() {}
