//! What tests over a private broker begin with. These functions panic if the laboratory fails.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test's helpers fail the test"
)]

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use rpc_runtime::transport::DEFAULT_EXCHANGE;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::OnceCell;
use tokio::time::{sleep, timeout};

use crate::Result;
use crate::echo::EchoServer;
use crate::ground::{Ground, free_ports};
use crate::node::Node;
use crate::orders::Permissions;

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

/// A private broker that tests use one after the other, since its start takes seconds of processor time. Each test finds
/// the virtual host `/` empty and no user but `rpc`. A test that stops or breaks its broker needs a [`node`] of its own.
#[derive(Debug)]
pub struct SharedNode {
    node: Option<Node>,
    settings: &'static str,
}

/// The shared nodes that no test uses now, each with its settings.
static FREE: Mutex<Vec<(&'static str, Node)>> = Mutex::new(Vec::new());

/// A shared broker with these lines at the end of its `rabbitmq.conf`.
pub async fn shared_node(settings: &'static str) -> SharedNode {
    // Each test has a runtime that ends with it. What is shared needs one that stays.
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    });
    static GROUND: OnceCell<Arc<Ground>> = OnceCell::const_new();
    let free = {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let place = free.iter().position(|(of, _)| *of == settings);
        place.map(|place| free.swap_remove(place).1)
    };
    let node = match free {
        Some(node) => {
            clean(&node).await.unwrap();
            node
        }
        None => {
            let prepare = async || RUNTIME.spawn(ground()).await.unwrap();
            let ground = GROUND.get_or_init(prepare).await;
            let [number] = free_ports().unwrap();
            let name = format!("shared-{number}");
            Node::start_with(ground, &name, settings).await.unwrap()
        }
    };
    SharedNode {
        node: Some(node),
        settings,
    }
}

/// Removes what a test has left on a node.
async fn clean(node: &Node) -> Result<()> {
    node.delete_virtual_host("/").await?;
    until(
        "the connections to the virtual host are closed",
        async || node.connections().await.is_ok_and(|open| open.is_empty()),
    )
    .await;
    node.delete_users_except("rpc").await?;
    node.add_virtual_host("/").await?;
    node.set_permissions("rpc", "/", Permissions::ALL).await
}

impl Deref for SharedNode {
    type Target = Node;

    fn deref(&self) -> &Node {
        self.node.as_ref().unwrap()
    }
}

impl Drop for SharedNode {
    fn drop(&mut self) {
        if let Some(node) = self.node.take() {
            let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
            free.push((self.settings, node));
        }
    }
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
