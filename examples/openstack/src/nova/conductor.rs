//! The conductor: to which computes turn for the database, and the API for what takes several steps.
//!
//! They follow `nova/conductor/rpcapi.py`: `ConductorAPI` and `ComputeTaskAPI`, two interfaces of one
//! server, told apart by their namespace.

use std::collections::BTreeMap;

use rpc_runtime::{Context, Result, rpc_client};
use serde_json::Value;

use super::objects::Instance;

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

/// What the conductor does in several steps, asking others: `ComputeTaskAPI`, of the namespace
/// `compute_task`.
///
/// The original gives its client no version cap, so that its own check for servers that are too old never
/// fires. Here a cap is given where the client is built, or it is not, and the check is not written.
#[rpc_client(
    exchange = "nova",
    topic = "conductor",
    namespace = "compute_task",
    version = "1.0",
    times(long = 1800, response = 60)
)]
pub trait ComputeTask {
    /// Attaches a volume, and gives the name of the device; or only begins to, as a cast. 1.26 or later.
    ///
    /// A call asks a compute in turn, hence the long timeout: nova's `long_rpc_timeout`, with signs of
    /// life within its `rpc_response_timeout`.
    #[rpc(call, cast, version = "1.26", timeout = long, monitor = response)]
    #[allow(clippy::too_many_arguments, reason = "as many as the original has")]
    async fn attach_volume(
        &self,
        ctxt: &Context,
        instance: &Instance,
        volume: &Value,
        device: Option<&str>,
        disk_bus: Option<&str>,
        device_type: Option<&str>,
        tag: Option<&str>,
        supports_multiattach: bool,
        delete_on_termination: bool,
    ) -> Result<Option<String>>;
}
