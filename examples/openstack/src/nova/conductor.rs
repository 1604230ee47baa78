//! The conductor. Computes use it to access the database. It also runs operations of several steps.
//!
//! The traits follow `ConductorAPI` and `ComputeTaskAPI` in `nova/conductor/rpcapi.py`: two interfaces of one server,
//! with different namespaces.

use std::collections::BTreeMap;

use rpc_runtime::{Context, Result, rpc_client};
use serde_json::Value;

use super::objects::Instance;

/// A few methods of nova's conductor, for access to the database.
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

    /// Runs a method of a versioned object. Returns the changes and the result.
    async fn object_action(
        &self,
        ctxt: &Context,
        objinst: &Value,
        objmethod: &str,
        args: &[Value],
        kwargs: &BTreeMap<String, Value>,
    ) -> Result<(Value, Value)>;

    /// Converts an object to an older version, for a peer that does not know a newer one.
    async fn object_backport_versions(
        &self,
        ctxt: &Context,
        objinst: &Value,
        object_versions: &BTreeMap<String, String>,
    ) -> Result<Value>;

    /// The provider's firewall rules. Current versions of nova have none.
    async fn provider_fw_rule_get_all(&self, ctxt: &Context) -> Result<Vec<Value>>;
}

/// Operations of several steps, which call other services: `ComputeTaskAPI`, with the namespace `compute_task`.
///
/// The original gives its client no version cap, so its check for old servers never fails. This trait has no such check.
/// Give a version cap where the client is built.
#[rpc_client(
    exchange = "nova",
    topic = "conductor",
    namespace = "compute_task",
    version = "1.0",
    times(long = 1800, response = 60)
)]
pub trait ComputeTask {
    /// Attaches a volume and returns the name of the device. As a cast, it only starts the operation. 1.26 or later.
    ///
    /// The conductor itself calls a compute, so the timeout is nova's `long_rpc_timeout`. Heartbeats must come within its
    /// `rpc_response_timeout`.
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
