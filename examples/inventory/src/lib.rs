//! The inventory service's interface, as a crate that callers and servers share.
//!
//! It depends on `rpc-runtime` without default features. It then pulls in no broker client and no TLS. `rpc/inventory.lock`
//! records its releases, and the compiler compares the trait with them.

use rpc_runtime::{Context, Describe, Result, rpc_client};
use serde::{Deserialize, Serialize};

/// A host in a rack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Describe)]
pub struct Host {
    /// Its name, unique in the inventory.
    pub name: String,
    /// The rack it is in.
    pub rack: String,
    /// Its size, in cores.
    pub size: u32,
}

/// The inventory service, as all teams see it.
#[rpc_client(topic = "inventory", version = "2.0", lock = "rpc/inventory.lock")]
pub trait Inventory {
    /// Looks a host up by name.
    async fn host(&self, ctxt: &Context, name: &str) -> Result<Host>;

    /// Needs servers of 2.3 or later. With a lower version cap, the client refuses the call.
    #[rpc(version = "2.3")]
    async fn resize(&self, ctxt: &Context, id: &str, size: u32) -> Result<()>;

    /// One way: returns when the broker has accepted the message.
    #[rpc(cast)]
    async fn touch(&self, ctxt: &Context, id: &str) -> Result<()>;

    /// One way, to every server on the topic.
    #[rpc(cast, fanout)]
    async fn refresh_cache(&self, ctxt: &Context, images: &[String]) -> Result<()>;
}
