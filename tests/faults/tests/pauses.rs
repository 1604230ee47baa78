//! A slow close must not make ended requests count as running. A suspended process must not treat new messages as late.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::path::Path;
use std::time::Duration;

use rpc_faults::caller::Caller;
use rpc_faults::echo;
use rpc_faults::proxy::{Flow, Proxy};
use rpc_faults::testing::{self, serve};
use rpc_runtime::transport::DEFAULT_EXCHANGE;
use rpc_runtime::{Context, Transport};
use tokio::task::JoinSet;
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn answered_calls_are_not_cut_off_by_a_stop() {
    const CALLS: usize = 8;
    let node = testing::shared_node("").await;
    let proxy = Proxy::start(node.address()).await.unwrap();
    let server = serve(&format!("rabbit://rpc:rpc@{}/", proxy.address()), "good").await;
    let transport = Transport::new(&node.url("")).unwrap();
    let client = echo::client(&transport, DEFAULT_EXCHANGE, "good");
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let client = client.clone();
        calls.spawn(async move { client.size(&Context::new(), String::new()).await });
    }
    for answered in calls.join_all().await {
        answered.unwrap();
    }
    // The broker's answer to the close of the listener comes after the time of the stop.
    proxy.flow_both(Flow::Delay(Duration::from_millis(300)));
    let (server, serving) = server.into_parts();
    let report = server.stop_within(Duration::from_millis(50)).await;
    proxy.heal();
    serving.close().await;
    transport.close().await;
    assert_eq!(report.cut_off, 0, "all {CALLS} calls were answered before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn nothing_fails_because_its_process_was_suspended() {
    // Longer than the limit for a confirm.
    const STOPPED: Duration = Duration::from_secs(40);
    // Whether a process first sees a timer or a confirm when it resumes is random, so there are several.
    const CALLERS: usize = 4;
    let node = testing::shared_node("").await;
    let server = serve(&node.url(""), "good").await;
    // Without heartbeats, the broker keeps the connections of a suspended process.
    let url = node.url("heartbeat_timeout_threshold=0");
    let program = Path::new(env!("CARGO_BIN_EXE_caller"));
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        let mut caller = Caller::spawn(program, &url, "good").unwrap();
        caller.load().await.unwrap();
        callers.push(caller);
    }
    let before = node.connections().await.unwrap();
    for caller in &callers {
        caller.pause().unwrap();
    }
    sleep(STOPPED).await;
    for caller in &callers {
        caller.resume().unwrap();
    }
    // The load continues for a while, in which late messages would be detected.
    sleep(Duration::from_secs(2)).await;
    let mut succeeded = 0;
    let mut failures = Vec::new();
    for caller in &mut callers {
        caller.enough().await.unwrap();
        let tally = caller.tally().await.unwrap();
        succeeded += tally.succeeded;
        failures.extend(tally.failures);
    }
    let after = node.connections().await.unwrap();
    drop(callers);
    server.stop().await;
    assert!(succeeded > 100, "there was a load: {succeeded}");
    let (failed, first) = (failures.len(), failures.first());
    assert_eq!(failed, 0, "beside {succeeded} casts, as {first:?}");
    assert_eq!(before, after, "the connections stand");
}
