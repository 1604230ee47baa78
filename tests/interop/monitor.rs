//! Calls of five seconds with a monitor: they fail after four seconds without a heartbeat.

use std::time::Duration;

use rpc_runtime::error::Stage;
use rpc_runtime::{Context, Error};
use rpc_tests::{Python, unique_topic};
use serde_json::json;

use crate::peer::{RustServer, peer, transport};

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_rust_server_outlasts_the_monitor_of_a_python_client() {
    let topic = unique_topic("monitor");
    let server = RustServer::start(&topic, "rust").await;
    let mut client = Python::client(&[]).await;
    let ask = json!({
        "op": "call", "topic": topic, "method": "slow", "args": { "secs": 5 }, "version": "2.0",
        "timeout": 30, "monitor": 4,
    });
    assert_eq!(client.ask::<String>(ask).await.unwrap(), "done");
    client.stop().await;
    server.stop().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_python_server_outlasts_the_monitor_of_a_rust_client() {
    let topic = unique_topic("monitor");
    let _server = Python::server(&topic, "python").await;
    let transport = transport();
    let client = peer(&transport, &topic);
    let done = client
        .slow(&Context::new(), 5.0)
        .timeout(Duration::from_secs(30))
        .monitor(Duration::from_secs(4))
        .await;
    assert_eq!(done.unwrap(), "done");

    // A heartbeat, which comes every two seconds, does not renew the call's timeout.
    let error = client
        .slow(&Context::new(), 5.0)
        .timeout(Duration::from_secs(3))
        .monitor(Duration::from_secs(4))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Timeout {
                waiting_for: Stage::Reply,
                ..
            }
        ),
        "{error}"
    );
    transport.close().await;
}
