//! Repeated refusals of the broker: clients try less and less often, and calls wait within their timeout. Errors have
//! the reason. When the cause is gone, the calls that still wait succeed.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::time::Duration;

use rpc_faults::echo::{self, EchoClient};
use rpc_faults::orders::Permissions;
use rpc_faults::proxy::Proxy;
use rpc_faults::testing::{self, PATIENCE, serve};
use rpc_runtime::transport::DEFAULT_EXCHANGE;
use rpc_runtime::{CallOptions, Context, Error, Result, Transport};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

/// How long a refusal is repeated.
const MEANWHILE: Duration = Duration::from_secs(6);
/// The greatest number of attempts of a client with two connections in that time. Each connection waits 0.1 s after the
/// first refusal and twice as long after each further one, less a random part of up to a quarter. Callers shorten a wait
/// to a quarter, but not below 0.1 s.
const ATTEMPTS: u64 = 2 * 9;
/// How long a result may take that must come at once.
const AT_ONCE: Duration = Duration::from_secs(10);
/// How long the calls wait that are to fail.
const IMPATIENT: Duration = Duration::from_secs(4);

fn client(transport: &Transport, limit: Duration) -> EchoClient {
    let client = echo::client(transport, DEFAULT_EXCHANGE, "good");
    client.prepare(CallOptions::new().timeout(limit))
}

async fn call(client: &EchoClient) -> Result<()> {
    client.size(&Context::new(), "x".into()).await.map(drop)
}

/// Makes a call with `retry(0)`. Returns its error.
async fn refused_at_once(client: &EchoClient) -> Error {
    let client = client.prepare(CallOptions::new().retry(0));
    let began = Instant::now();
    let error = call(&client).await.unwrap_err();
    let took = began.elapsed();
    assert!(took < AT_ONCE, "took {took:.1?}: {error}");
    assert!(!error.is_timeout() && !error.may_have_run(), "{error}");
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_wrong_password_is_tried_less_and_less_often() {
    let node = testing::shared_node("").await;
    let server = serve(&node.url(""), "good").await;
    node.add_user("late").await.unwrap();
    let all = node.set_permissions("late", "/", Permissions::ALL);
    all.await.unwrap();
    let proxy = Proxy::start(node.address()).await.unwrap();
    let transport = Transport::new(&format!("rabbit://late:wrong@{}/", proxy.address())).unwrap();
    let waiting = client(&transport, PATIENCE);
    let waiting = tokio::spawn(async move { call(&waiting).await });
    // Other calls come all the time.
    let others = client(&transport, Duration::from_millis(500));
    let mut ticks = interval(Duration::from_millis(100));
    let began = Instant::now();
    let mut calls = JoinSet::new();
    while began.elapsed() < MEANWHILE {
        ticks.tick().await;
        let others = others.clone();
        calls.spawn(async move { call(&others).await });
    }
    let attempts = proxy.accepted();
    for called in calls.join_all().await {
        let error = called.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert!(
            error.to_string().contains("connection to the broker"),
            "{error}"
        );
    }
    assert!(
        attempts <= ATTEMPTS,
        "{attempts} connections in {MEANWHILE:?}"
    );
    let error = refused_at_once(&others).await;
    assert!(error.to_string().contains("ACCESS_REFUSED"), "{error}");
    node.set_password("late", "wrong").await.unwrap();
    waiting.await.unwrap().unwrap();
    transport.close().await;
    server.stop().await;
}

/// The broker does this over a queue of a type that it denies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn connections_that_the_broker_closes_for_the_same_reason_come_less_and_less_often() {
    let node = testing::node("repeated").await;
    let proxy = Proxy::start(node.address()).await.unwrap();
    let transport = Transport::new(&format!("rabbit://rpc:rpc@{}/", proxy.address())).unwrap();
    let reason = "Feature transient_nonexcl_queues is denied";
    // Longer than the call waits.
    node.close_connections_again(reason, PATIENCE)
        .await
        .unwrap();
    let waiting = client(&transport, MEANWHILE);
    let mut error = call(&waiting).await.unwrap_err();
    let attempts = proxy.accepted();
    // On a busy machine, a connection may stand for a moment when a call ends. Then the error is that the topic has no
    // queue, and another call is made.
    for _ in 0..5 {
        if matches!(error, Error::Undeliverable { .. }) {
            error = call(&waiting).await.unwrap_err();
        }
    }
    assert!(
        error.is_timeout() && error.to_string().contains(reason),
        "{error}"
    );
    assert!(
        attempts <= ATTEMPTS,
        "{attempts} connections in {MEANWHILE:?}"
    );
    transport.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn calls_wait_for_a_permission_and_their_errors_name_it() {
    const CALLERS: usize = 64;
    let node = testing::shared_node("").await;
    let server = serve(&node.url(""), "good").await;
    node.add_user("limited").await.unwrap();
    let url = format!("rabbit://limited:limited@{}/", node.address());
    let permit = async |configure| {
        let permissions = Permissions {
            configure,
            ..Permissions::ALL
        };
        let permitted = node.set_permissions("limited", "/", permissions);
        permitted.await.unwrap();
    };
    // The reply queue is refused, then the exchange.
    for configure in ["^openstack$", "^reply_"] {
        permit(configure).await;
        let transport = Transport::new(&url).unwrap();
        let mut callers = JoinSet::new();
        for number in 0..CALLERS {
            let patient = number % 2 == 0;
            let limit = if patient { PATIENCE } else { IMPATIENT };
            let client = client(&transport, limit);
            callers.spawn(async move { (patient, call(&client).await) });
        }
        let error = refused_at_once(&client(&transport, PATIENCE)).await;
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        let mut waiting = 0;
        while waiting < CALLERS / 2 {
            let (patient, called) = callers.join_next().await.unwrap().unwrap();
            let error = called.unwrap_err();
            assert!(!patient && error.is_timeout(), "{error}");
            assert!(error.to_string().contains("ACCESS_REFUSED"), "{error}");
            assert!(!error.may_have_run(), "{error}");
            waiting += 1;
        }
        permit(".*").await;
        for (_, called) in callers.join_all().await {
            called.unwrap();
        }
        transport.close().await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_limit_of_channels_that_is_too_low_is_named() {
    let node = testing::node_with("repeated", "channel_max = 1").await;
    let transport = Transport::new(&node.url("")).unwrap();
    let client = client(&transport, IMPATIENT);
    let error = call(&client).await.unwrap_err();
    assert!(error.is_timeout() && !error.may_have_run(), "{error}");
    assert!(error.to_string().contains("`channel_max`"), "{error}");
    let error = refused_at_once(&client).await;
    assert!(error.to_string().contains("`channel_max`"), "{error}");
    transport.close().await;
}
