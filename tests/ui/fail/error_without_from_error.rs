use rpc_runtime::{Context, IntoRemoteError, RemoteError, rpc_client};

pub struct Empty;

impl IntoRemoteError for Empty {
    fn into_remote_error(self) -> RemoteError {
        RemoteError::new("Empty", "nothing is left")
    }
}

#[rpc_client(version = "1.0")]
pub trait Inventory {
    async fn take(&self, ctxt: &Context) -> Result<u32, Empty>;
    #[rpc(cast)]
    async fn touch(&self, ctxt: &Context) -> Result<(), Empty>;
}

fn main() {}
