//! Typed interfaces of OpenStack services that run in Python.
//!
//! Each trait says what the service's own `rpcapi.py` says, and nothing is changed on the other side.

use std::collections::BTreeMap;

use rpc_runtime::{Context, Result, rpc_client};
use serde::{Deserialize, Serialize};
use serde_json::Value;
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

/// A few methods of nova's conductor, to which computes and others turn for the database.
#[rpc_client(exchange = "nova", topic = "conductor", version = "3.0")]
pub trait Conductor {
    /// Runs a method of a versioned object's class, such as `Service.get_by_host_and_topic`.
    async fn object_class_action_versions(
        &self,
        ctxt: &Context,
        objname: &str,
        objmethod: &str,
        object_versions: &BTreeMap<String, String>,
        args: &[Value],
        kwargs: &BTreeMap<String, Value>,
    ) -> Result<Value>;

    /// Runs a method of a versioned object; gives what it changed, and what it returned.
    async fn object_action(
        &self,
        ctxt: &Context,
        objinst: &Value,
        objmethod: &str,
        args: &[Value],
        kwargs: &BTreeMap<String, Value>,
    ) -> Result<(Value, Value)>;

    /// Gives an object in an older version, for a peer that knows no newer one.
    async fn object_backport_versions(
        &self,
        ctxt: &Context,
        objinst: &Value,
        object_versions: &BTreeMap<String, String>,
    ) -> Result<Value>;

    /// The provider's firewall rules: none, in every nova of today.
    async fn provider_fw_rule_get_all(&self, ctxt: &Context) -> Result<Vec<Value>>;
}
