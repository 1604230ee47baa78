//! What clients and servers of a transport start from: oslo.messaging has it in the configuration that its transport
//! was made of.

use std::time::Duration;

use crate::Target;

/// Defaults of one transport's clients and servers, in place of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Defaults {
    /// The exchange of targets that name none: oslo.messaging's `control_exchange`.
    pub(crate) exchange: Option<String>,
    /// How long a call may take: oslo.messaging's `rpc_response_timeout`.
    pub(crate) timeout: Option<Duration>,
    /// How many requests of a server run at once: oslo.messaging's `executor_thread_pool_size`.
    pub(crate) concurrency: Option<usize>,
    /// Whether servers answer pings: oslo.messaging's `rpc_ping_enabled`.
    pub(crate) ping: bool,
}

impl Defaults {
    /// The target, at the default exchange unless it names one.
    pub(crate) fn target(&self, mut target: Target) -> Target {
        if target.exchange.is_none() {
            target.exchange.clone_from(&self.exchange);
        }
        target
    }
}
