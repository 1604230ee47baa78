use rpc_runtime::{Context, Describe, Error, IntoRemoteError, rpc_client};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Describe)]
enum Size {
    Small,
}

#[derive(Serialize, Deserialize, Describe)]
enum Wanted {
    Large,
}

#[derive(Debug, IntoRemoteError)]
#[rpc(module = "stock")]
enum SizeError {
    #[rpc(message = "{shelf} is empty")]
    Empty { shelf: String },
    #[rpc(message = "{left} are left")]
    TooFew { left: u32 },
    #[rpc(other)]
    Other(Error),
}

#[rpc_client(topic = "sizes", version = "1.0", lock = "ui/fail/locks/sizes.lock")]
trait Sizes {
    #[rpc(versions("1.3", "1.0"))]
    async fn largest(&self, ctxt: &Context) -> Result<Size, SizeError>;

    #[rpc(versions("1.3", "1.0"))]
    async fn resize(&self, ctxt: &Context, size: Wanted) -> Result<(), SizeError>;
}

fn main() {}
