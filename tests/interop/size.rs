//! Arguments of one and of fifteen mebibytes, in both directions. From 4.0 on, RabbitMQ accepts messages up to 16 MiB.

use std::time::Duration;

use rpc_runtime::Context;
use rpc_tests::{Python, unique_topic};
use serde_json::{Value, json};

use crate::peer::{RustServer, peer, transport};

const SIZES: [usize; 2] = [1 << 20, 15 << 20];

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_rust_client_sends_and_gets_them() {
    let topic = unique_topic("size");
    let _server = Python::server(&topic, "python").await;
    let transport = transport();
    let client = peer(&transport, &topic);
    for size in SIZES {
        let argument = "x".repeat(size);
        let echo = client
            .echo(&Context::new(), &argument)
            .timeout(Duration::from_secs(120))
            .await
            .unwrap();
        assert!(echo == argument, "{size} bytes came back as {}", echo.len());
    }
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_rust_server_takes_and_returns_them() {
    let topic = unique_topic("size");
    let mut server = RustServer::start(&topic, "rust").await;
    let mut client = Python::client(&[]).await;
    for size in SIZES {
        let ask = json!({
            "op": "call", "topic": topic, "method": "echo", "version": "2.0", "timeout": 120,
            "args": { "arg": { "$repeat": "x", "$times": size } }, "brief": true,
        });
        let brief: Value = client.ask(ask).await.unwrap();
        assert_eq!(brief, json!({ "length": size, "letters": ["x"] }));
        assert_eq!(server.ran().await.arg, size);
    }
    client.stop().await;
    server.stop().await;
}
