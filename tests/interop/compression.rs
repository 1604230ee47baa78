//! `kombu_compression` on one side and on both.

use std::time::Duration;

use rpc_runtime::{Context, Transport};
use rpc_tests::{Python, broker_url, unique_topic};
use serde_json::{Value, json};

use crate::peer::{RustServer, peer};

/// kombu's names of the formats.
const FORMATS: [&str; 2] = ["gzip", "bzip2"];
/// From sizes that are not compressed to sizes above one block of the compressor.
const SIZES: [usize; 3] = [10, 5000, 3 << 20];

/// The broker's URL for a peer that compresses.
fn compressing(format: &str) -> String {
    let url = broker_url();
    let more = if url.contains('?') { '&' } else { '?' };
    format!("{url}{more}kombu_compression={format}")
}

/// Calls of a Rust client at `url` to a Python server at `peer_url`.
async fn rust_calls_python(url: &str, peer_url: &str) {
    let topic = unique_topic("compression");
    let server = Python::spawn("server.py", &[peer_url, &topic, "python"]).await;
    let transport = Transport::new(url).unwrap();
    let client = peer(&transport, &topic);
    for size in SIZES {
        let argument = "x".repeat(size);
        let echo = client
            .echo(&Context::new(), &argument)
            .timeout(Duration::from_secs(60))
            .await
            .unwrap();
        assert!(echo == argument, "{size} bytes came back as {}", echo.len());
    }
    let error = client
        .boom(&Context::new(), &"why? ".repeat(1000))
        .await
        .unwrap_err();
    assert_eq!(error.remote().unwrap().class, "Boom");
    transport.close().await;
    server.stop().await;
}

/// Calls of a Python client at `peer_url` to a Rust server at `url`.
async fn python_calls_rust(url: &str, peer_url: &str) {
    let topic = unique_topic("compression");
    let mut server = RustServer::start_on(Transport::new(url).unwrap(), &topic, "rust").await;
    let mut client = Python::spawn("client.py", &[peer_url]).await;
    for size in SIZES {
        let ask = json!({
            "op": "call", "topic": topic, "method": "echo", "version": "2.0", "timeout": 60,
            "args": { "arg": { "$repeat": "x", "$times": size } }, "brief": true,
        });
        let brief: Value = client.ask(ask).await.unwrap();
        assert_eq!(brief, json!({ "length": size, "letters": ["x"] }));
        assert_eq!(server.ran().await.arg, size);
    }
    client.stop().await;
    server.stop().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn both_sides_compress() {
    for format in FORMATS {
        let url = compressing(format);
        tokio::join!(rust_calls_python(&url, &url), python_calls_rust(&url, &url));
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn python_alone_compresses() {
    for format in FORMATS {
        let (url, compressing) = (broker_url(), compressing(format));
        tokio::join!(
            rust_calls_python(&url, &compressing),
            python_calls_rust(&url, &compressing)
        );
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn rust_alone_compresses() {
    for format in FORMATS {
        let (url, compressing) = (broker_url(), compressing(format));
        tokio::join!(
            rust_calls_python(&compressing, &url),
            python_calls_rust(&compressing, &url)
        );
    }
}
