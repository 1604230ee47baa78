//! A refusal does not outlive its cause: when the cause is gone, the next call succeeds.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::time::Duration;

use rpc_faults::echo;
use rpc_faults::orders::Permissions;
use rpc_faults::testing::{self, PATIENCE, serve};
use rpc_runtime::transport::DEFAULT_EXCHANGE;
use rpc_runtime::{CallOptions, Context, Result, Transport};
use tokio::time::{Instant, sleep, timeout};

/// How long a call may take when the cause is gone.
const SOON: Duration = Duration::from_secs(10);
/// How long a call may take if client and server need new connections.
const RETURN: Duration = Duration::from_secs(15);
/// How long a call waits while the broker refuses.
const MEANWHILE: Duration = Duration::from_secs(1);

async fn call(transport: &Transport, limit: Duration) -> Result<()> {
    let client = echo::client(transport, DEFAULT_EXCHANGE, "good");
    let client = client.prepare(CallOptions::new().timeout(limit));
    client.size(&Context::new(), "x".into()).await.map(drop)
}

/// Makes the next call, which must succeed within `limit`. Returns what is wrong.
async fn next_call(transport: &Transport, limit: Duration) -> Option<String> {
    let began = Instant::now();
    let called = call(transport, PATIENCE).await;
    let took = began.elapsed();
    match called {
        Err(error) => Some(format!("after {took:.1?}: {error}")),
        Ok(()) => (took > limit).then(|| format!("took {took:.1?}")),
    }
}

fn assert_none(findings: &[String], rounds: usize) {
    let found = findings.len();
    let listed = findings.join("\n");
    assert!(found == 0, "{found} of {rounds} calls:\n{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn the_next_call_succeeds_once_the_reply_queue_is_permitted() {
    const ROUNDS: usize = 10;
    let node = testing::shared_node("").await;
    let server = serve(&node.url(""), "good").await;
    node.add_user("limited").await.unwrap();
    let permit = async |configure| {
        let permissions = Permissions {
            configure,
            ..Permissions::ALL
        };
        let permitted = node.set_permissions("limited", "/", permissions);
        permitted.await.unwrap();
    };
    let url = format!("rabbit://limited:limited@{}/", node.address());
    let mut findings = Vec::new();
    for _ in 0..ROUNDS {
        permit("^openstack$").await;
        let transport = Transport::new(&url).unwrap();
        let error = call(&transport, MEANWHILE).await.unwrap_err().to_string();
        assert!(error.contains("ACCESS_REFUSED"), "{error}");
        permit(".*").await;
        findings.extend(next_call(&transport, SOON).await);
        transport.close().await;
    }
    assert_none(&findings, ROUNDS);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn the_next_call_succeeds_once_the_virtual_host_is_there_again() {
    const ROUNDS: usize = 10;
    let node = testing::shared_node("").await;
    let add = async || {
        node.add_virtual_host("hosted").await.unwrap();
        let permitted = node.set_permissions("rpc", "hosted", Permissions::ALL);
        permitted.await.unwrap();
    };
    add().await;
    let url = format!("rabbit://rpc:rpc@{}/hosted", node.address());
    let server = serve(&url, "good").await;
    let transport = Transport::new(&url).unwrap();
    call(&transport, PATIENCE).await.unwrap();
    let mut findings = Vec::new();
    for _ in 0..ROUNDS {
        let connections = node.connections().await.unwrap();
        node.delete_virtual_host("hosted").await.unwrap();
        call(&transport, MEANWHILE).await.unwrap_err();
        let is_old = |port: &u16| connections.contains(port);
        let closed = async {
            while node.connections().await.unwrap().iter().any(is_old) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, closed).await.expect("it closes them");
        add().await;
        // The server needs a new connection, too, and the call waits for it.
        findings.extend(next_call(&transport, RETURN).await);
    }
    transport.close().await;
    assert_none(&findings, ROUNDS);
    server.stop().await;
}
