//! The defaults that a transport gives to its clients and servers.
//!
//! oslo.messaging takes them from the configuration from which the transport was made. Plain values: each transport
//! owns its own.

use std::time::Duration;

use crate::Target;

/// Defaults for the clients and servers of one transport. They replace the library's defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Defaults {
    /// The exchange of targets that name none: oslo.messaging's `control_exchange`.
    pub(crate) exchange: Option<String>,
    /// How long a call may take: oslo.messaging's `rpc_response_timeout`.
    pub(crate) timeout: Option<Duration>,
    /// How many requests a server runs at once: oslo.messaging's `executor_thread_pool_size`.
    pub(crate) concurrency: Option<usize>,
    /// Whether servers answer pings: oslo.messaging's `rpc_ping_enabled`.
    pub(crate) ping: bool,
}

impl Defaults {
    /// The target with the default exchange, unless it names one.
    pub(crate) fn target(&self, mut target: Target) -> Target {
        if target.exchange.is_none() {
            target.exchange.clone_from(&self.exchange);
        }
        target
    }
}
