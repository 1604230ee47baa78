//! A broker that blocks publishers. The test has a program of its own, since the broker blocks all publishers.

use std::time::Duration;

use rpc_runtime::error::Stage;
use rpc_runtime::transport::TransportState;
use rpc_runtime::{CallOptions, Error, RpcClient, Server, Target, Transport, args};
use rpc_tests::{broker_url, rabbitmqctl, unique_topic};

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
        let _ = rabbitmqctl(&["set_vm_memory_high_watermark", "0.4"]);
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
    let limit = Duration::from_millis(500);
    let ping = || {
        let client = client.prepare(CallOptions::new().timeout(limit));
        async move {
            client
                .call::<String>(&(), "oslo_rpc_server_ping", args! {})
                .await
        }
    };
    assert_eq!(ping().await.unwrap(), "pong");

    let alarm = Alarm::raise();
    // The broker reports the alarm to a connection at its first message after the alarm, and keeps that message.
    loop {
        let began = tokio::time::Instant::now();
        let result = ping().await;
        assert!(began.elapsed() < limit * 3, "{:?}", began.elapsed());
        match result {
            Err(Error::Timeout {
                waiting_for: Stage::Unblocking(reason),
                ..
            }) => {
                assert!(reason.contains("memory"), "{reason}");
                match calling.state() {
                    TransportState::Blocked { why, .. } => {
                        assert!(why.contains("memory"), "{why}");
                    }
                    other => panic!("{other:?}"),
                }
                break;
            }
            Err(Error::Timeout { .. }) | Ok(_) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    drop(alarm);
    let patient = client.prepare(CallOptions::new().timeout(Duration::from_secs(20)));
    let pong: String = patient
        .call(&(), "oslo_rpc_server_ping", args! {})
        .await
        .unwrap();
    assert_eq!(pong, "pong");
    assert!(calling.state().is_connected(), "{:?}", calling.state());
    server.stop().await;
    calling.close().await;
    serving.close().await;
}
