//! The scheduler: finds hosts for instances.
//!
//! It follows `SchedulerAPI` in `nova/scheduler/rpcapi.py`.

use rpc_runtime::{Context, Result, rpc_client};
use serde_json::Value;

use super::request_spec::RequestSpec;

/// nova's scheduler.
#[rpc_client(
    exchange = "nova",
    topic = "scheduler",
    version = "4.0",
    aliases(kilo = "4.2", mitaka = "4.3", ocata = "4.3", pike = "4.4"),
    times(long = 1800, response = 60)
)]
pub trait Scheduler {
    /// Finds a host for each instance, and alternates if the caller asks for them.
    ///
    /// Sent as 4.5, as 4.4 without the two `return_…` arguments, which must then be false, as 4.3 without
    /// `instance_uuids`, or as 4.0 with two dicts in place of `spec_obj`.
    #[rpc(timeout = long, monitor = response)]
    async fn select_destinations(
        &self,
        ctxt: &Context,
        #[rpc(
            since = "4.3",
            below = with(RequestSpec::legacy, "request_spec", "filter_properties"),
            from = RequestSpec::from_legacy
        )]
        spec_obj: &RequestSpec,
        #[rpc(since = "4.4", below = drop)] instance_uuids: Option<&[String]>,
        #[rpc(since = "4.5", default = false)] return_objects: bool,
        #[rpc(since = "4.5", default = false)] return_alternates: bool,
    ) -> Result<Value>;
}
