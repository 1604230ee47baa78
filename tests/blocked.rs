//! A broker that blocks publishers. The test has a program of its own, since the broker blocks all publishers.

use std::time::Duration;

use rpc_runtime::error::Stage;
use rpc_runtime::transport::TransportState;
use rpc_runtime::{CallOptions, Error, RpcClient, Server, Target, Transport};
use rpc_tests::{PATIENCE, broker_url, rabbitmqctl, run_rabbitmqctl, unique_topic};

/// Raises the broker's memory alarm, until dropped.
struct Alarm;

impl Alarm {
    fn raise() -> Self {
        let _ = rabbitmqctl(&["set_vm_memory_high_watermark", "absolute", "1MB"]);
        Self
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let _ = run_rabbitmqctl(&["set_vm_memory_high_watermark", "0.4"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn calls_end_in_time_and_say_that_the_broker_is_blocked() {
    let topic = unique_topic("blocked");
    let serving = Transport::new(&broker_url()).unwrap();
    let builder = Server::builder(&serving, "one").topic(&topic).ping(true);
    let server = builder.start().await.unwrap();
    let calling = Transport::new(&broker_url()).unwrap();
    let client = RpcClient::new(&calling, Target::new(&topic));
    // It connects, so it may take longer than the next ones.
    client.ping().await.unwrap();

    let alarm = Alarm::raise();
    let impatient = client.prepare(CallOptions::new().timeout(Duration::from_millis(500)));
    // The broker reports the alarm to a connection at its first message after the alarm, and keeps that message.
    let blocked = async {
        loop {
            let began = tokio::time::Instant::now();
            let result = impatient.ping().await;
            // Far from the client's own timeout of a minute.
            let took = began.elapsed();
            assert!(took < Duration::from_secs(20), "{took:?}");
            match result {
                Err(Error::Timeout {
                    waiting_for: Stage::Unblocking(reason),
                    ..
                }) => break reason,
                Err(Error::Timeout { .. }) | Ok(()) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    };
    let reason = tokio::time::timeout(PATIENCE, blocked).await;
    let reason = reason.expect("the broker reports its alarm");
    assert!(reason.contains("memory"), "{reason}");
    match calling.state() {
        TransportState::Blocked { why, .. } => assert!(why.contains("memory"), "{why}"),
        other => panic!("{other:?}"),
    }
    drop(alarm);
    client.ping().await.unwrap();
    assert!(calling.state().is_connected(), "{:?}", calling.state());
    server.stop().await;
    calling.close().await;
    serving.close().await;
}
