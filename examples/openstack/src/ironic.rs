//! ironic: bare metal. Its agents report to the conductors, each of which minds some of the nodes.
//!
//! It follows `ironic/conductor/rpcapi.py`: `ConductorAPI`.

use rpc_runtime::{Context, Result, Route, Version, rpc_client};

const TOPIC: &str = "ironic.conductor_manager";

/// ironic's conductors.
#[rpc_client(
    exchange = "ironic",
    topic = "ironic.conductor_manager",
    version = "1.34"
)]
pub trait Conductor {
    /// The agent on a node is alive, and is reached at that URL.
    ///
    /// 1.34; 1.42 with `agent_version`, 1.49 with `agent_token`, 1.51 with `agent_verify_ca`, 1.54 with its
    /// status. What older conductors do not know they are not told.
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

/// Of `ironic.conductor_manager.HOST`, to that host.
fn by_topic(_: Option<Version>, topic: Option<&str>) -> Route {
    let host = topic
        .and_then(|topic| topic.strip_prefix(TOPIC))
        .and_then(|rest| rest.strip_prefix('.'));
    host.map_or_else(Route::new, |host| Route::new().server(host))
}
