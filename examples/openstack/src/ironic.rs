//! ironic: bare metal. Its agents report to the conductors. Each conductor manages some of the nodes.
//!
//! It follows `ConductorAPI` in `ironic/conductor/rpcapi.py`.

use rpc_runtime::{Context, Result, Route, Version, rpc_client};

const TOPIC: &str = "ironic.conductor_manager";

/// ironic's conductors.
#[rpc_client(
    exchange = "ironic",
    topic = "ironic.conductor_manager",
    version = "1.34"
)]
pub trait Conductor {
    /// Reports that the agent on a node is alive, and its URL.
    ///
    /// Sent as one of these versions. Arguments that older conductors do not know are not sent to them.
    ///
    /// - 1.54: all arguments.
    /// - 1.51: without `agent_status` and `agent_status_message`.
    /// - 1.49: also without `agent_verify_ca`.
    /// - 1.42: also without `agent_token`.
    /// - 1.34: also without `agent_version`.
    #[rpc(route = by_topic(topic))]
    #[allow(clippy::too_many_arguments, reason = "as many as the original has")]
    async fn heartbeat(
        &self,
        ctxt: &Context,
        node_id: &str,
        callback_url: &str,
        #[rpc(since = "1.42", below = drop, default)] agent_version: &str,
        #[rpc(since = "1.49", below = drop)] agent_token: Option<&str>,
        #[rpc(since = "1.51", below = drop)] agent_verify_ca: Option<&str>,
        #[rpc(since = "1.54", below = drop)] agent_status: Option<&str>,
        #[rpc(since = "1.54", below = drop)] agent_status_message: Option<&str>,
        #[rpc(route)] topic: Option<&str>,
    ) -> Result<()>;
}

/// Routes the topic `ironic.conductor_manager.HOST` to that host.
fn by_topic(_: Option<Version>, topic: Option<&str>) -> Route {
    let host = topic
        .and_then(|topic| topic.strip_prefix(TOPIC))
        .and_then(|rest| rest.strip_prefix('.'));
    host.map_or_else(Route::new, |host| Route::new().server(host))
}
