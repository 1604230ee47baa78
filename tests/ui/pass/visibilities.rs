//! The client and the endpoint are as visible as the trait.

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "private", version = "1.0")]
trait Private {
    async fn count(&self, ctxt: &Context, of: Kind) -> Result<Kind>;
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Kind;

mod inner {
    use super::{Context, Result, rpc_client};

    #[rpc_client(topic = "crate", version = "1.0")]
    pub(crate) trait Crate {
        async fn count(&self, ctxt: &Context) -> Result<u32>;
    }

    #[rpc_client(topic = "super", version = "1.0")]
    pub(super) trait Super {
        async fn count(&self, ctxt: &Context) -> Result<u32>;
    }
}

pub fn main() {
    #[rpc_client(topic = "local", version = "1.0")]
    trait Local {
        async fn count(&self, ctxt: &Context, of: Inner) -> Result<u32>;
    }

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Inner;

    assert_eq!(PrivateClient::INTERFACE.topic(), Some("private"));
    assert_eq!(inner::CrateClient::INTERFACE.topic(), Some("crate"));
    assert_eq!(inner::SuperClient::INTERFACE.topic(), Some("super"));
    assert_eq!(LocalClient::INTERFACE.topic(), Some("local"));
}
