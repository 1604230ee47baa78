//! [`Ping`]: the endpoint that answers oslo.messaging's pings.

use super::endpoint::Endpoint;
use super::invocation::{Invocation, Outcome};
use super::scope::Scope;
use crate::future::BoxFuture;
use crate::interface::{Interface, Method, Mode};
use crate::{RemoteError, Version};

/// Answers `oslo_rpc_server_ping` with `"pong"`.
#[derive(Debug)]
pub(super) struct Ping;

const PING_VERSION: Version = Version::new(1, 0);

const PING: Interface = Interface::new(
    "Ping",
    PING_VERSION,
    &[
        Method::new("oslo_rpc_server_ping", Mode::Call, PING_VERSION)
            .with_returns("Result<String>"),
    ],
);

impl Endpoint for Ping {
    fn scope(&self) -> Scope {
        Scope::of(const { &PING })
    }

    fn dispatch<'a>(&'a self, incoming: &'a Invocation<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { incoming.reply::<_, RemoteError>(Ok("pong")) })
    }
}
