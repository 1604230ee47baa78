//! What every nova service answers beside its own methods.
//!
//! It follows `nova/baserpc.py`: `BaseAPI`. The same trait serves all of them, as the topic is given to
//! the client.

use rpc_runtime::{Context, Result, rpc_client};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What every nova service answers: `nova.baserpc`. It has no topic of its own, but that of the service
/// that is asked.
#[rpc_client(exchange = "nova", namespace = "baseapi", version = "1.0")]
pub trait BaseApi {
    /// Echoes its argument, together with the name of the service. Raw JSON keeps what Python sends as
    /// it is, integers of any size included; a `serde_json::Value` would round them.
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
    /// What was sent.
    pub arg: Box<RawValue>,
}
