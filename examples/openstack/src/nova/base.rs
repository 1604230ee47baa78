//! The methods that every nova service has beside its own.
//!
//! It follows `BaseAPI` in `nova/baserpc.py`. One trait fits all services, since the client gets the topic.

use rpc_runtime::{Context, Result, rpc_client};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The methods of every nova service: `nova.baserpc`. The trait has no topic. The client gets that of the service.
#[rpc_client(exchange = "nova", namespace = "baseapi", version = "1.0")]
pub trait BaseApi {
    /// Echoes its argument, together with the name of the service. Raw JSON keeps Python's values exactly, integers of
    /// any size included. A `serde_json::Value` would round large integers.
    async fn ping(&self, ctxt: &Context, arg: Box<RawValue>) -> Result<Pong>;

    /// The port of the debugging console of one server, if it has one.
    #[rpc(version = "1.1")]
    async fn get_backdoor_port(&self, ctxt: &Context) -> Result<Option<u16>>;
}

/// The answer to a ping.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pong {
    /// The service that answered: `conductor`, `scheduler`, …
    pub service: String,
    /// The argument of the ping.
    pub arg: Box<RawValue>,
}
