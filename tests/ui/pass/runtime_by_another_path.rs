//! The path of the runtime may lead through another crate.

mod platform {
    pub mod rpc {
        pub use rpc_runtime::*;
    }
}

use platform::rpc::{Context, Result, rpc_client};

#[rpc_client(topic = "renamed", version = "1.0", crate = crate::runtime_by_another_path::platform::rpc)]
pub trait Renamed {
    async fn count(&self, ctxt: &Context, name: Option<&str>) -> Result<u32>;
}

macro_rules! through_a_macro {
    ($name:ident) => {
        #[rpc_client(topic = "renamed", version = "1.0", crate = $crate::runtime_by_another_path::platform::rpc)]
        pub trait $name {
            async fn count(&self, ctxt: &Context) -> Result<u32>;
        }
    };
}

through_a_macro!(Again);

pub fn main() {
    assert_eq!(RenamedClient::INTERFACE.methods().len(), 1);
    assert_eq!(AgainClient::INTERFACE.name(), "Again");
}
