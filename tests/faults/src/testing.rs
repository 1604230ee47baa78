//! What tests over a private broker begin with. These functions panic if the laboratory fails.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test's helpers fail the test"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rpc_runtime::transport::DEFAULT_EXCHANGE;
use tokio::time::{sleep, timeout};

use crate::echo::EchoServer;
use crate::ground::Ground;
use crate::node::Node;

/// How long the laboratory may take for a command, and how long a condition may take to come true.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The interval of the checks of a condition.
const POLL: Duration = Duration::from_millis(10);

/// The path in a variable that `tests/run` exports.
#[must_use]
pub fn variable(name: &str) -> PathBuf {
    let value = std::env::var_os(name);
    value
        .unwrap_or_else(|| panic!("needs RabbitMQ and Python: tests/run ({name} is not set)"))
        .into()
}

/// The surroundings of private brokers.
pub async fn ground() -> Arc<Ground> {
    Arc::new(
        Ground::prepare(variable("RPC_TEST_RABBITMQ_BIN"))
            .await
            .unwrap(),
    )
}

/// Starts a private broker.
pub async fn node(name: &str) -> Node {
    node_with(name, "").await
}

/// Starts a private broker with these lines at the end of its `rabbitmq.conf`.
pub async fn node_with(name: &str, settings: &str) -> Node {
    Node::start_with(&ground().await, name, settings)
        .await
        .unwrap()
}

/// Starts a server of `topic` at the default exchange.
pub async fn serve(url: &str, topic: &str) -> EchoServer {
    serve_at(url, DEFAULT_EXCHANGE, topic).await
}

/// Starts a server of `topic` at this exchange.
pub async fn serve_at(url: &str, exchange: &str, topic: &str) -> EchoServer {
    let started = EchoServer::start(url, exchange, topic);
    timeout(PATIENCE, started).await.unwrap().unwrap()
}

/// Waits until the condition is true.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !condition().await {
            sleep(POLL).await;
        }
    };
    timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("not in time: {what}"));
}
