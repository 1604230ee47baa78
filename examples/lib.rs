//! Code that the examples with a broker share.

use rpc_runtime::{Result, Transport};

/// The transport of `RPC_TRANSPORT_URL`, by default a RabbitMQ on this machine.
pub fn transport() -> Result<Transport> {
    let url = std::env::var("RPC_TRANSPORT_URL");
    Transport::new(url.as_deref().unwrap_or("rabbit:///"))
}
