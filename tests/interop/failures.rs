//! The exceptions of a Python client for the errors of a Rust server.

use rpc_tests::{Python, Raised, unique_topic};
use serde_json::{Value, json};

use crate::peer::{EXCEPTIONS, RustServer};

async fn raised(client: &mut Python, topic: &str, method: &str, args: Value) -> Raised {
    let ask = json!({
        "op": "call", "topic": topic, "method": method, "args": args, "version": "2.0",
        "timeout": 30,
    });
    client.ask::<Value>(ask).await.unwrap_err()
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_client_that_allows_the_module_catches_the_class_itself() {
    let topic = unique_topic("allowed");
    let server = RustServer::start(&topic, "rust").await;
    let mut client = Python::client(&[EXCEPTIONS]).await;

    let boom = raised(&mut client, &topic, "boom", json!({ "why": "дождь" })).await;
    assert!(!boom.remote);
    assert!(
        boom.bases.contains(&format!("{EXCEPTIONS}.Boom")),
        "{boom:?}"
    );
    assert_eq!(boom.args, ["дождь"]);
    assert!(boom.text.starts_with("дождь\n"), "{}", boom.text);

    let kwboom = raised(&mut client, &topic, "kwboom", json!({})).await;
    assert!(
        kwboom.bases.contains(&format!("{EXCEPTIONS}.KwBoom")),
        "{kwboom:?}"
    );
    assert_eq!(kwboom.args, ["Flavor 7 not found"]);
    assert_eq!(json!(kwboom.kwargs), json!({ "id": 7 }));
    client.stop().await;
    server.stop().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_plain_client_gets_a_remote_error() {
    let topic = unique_topic("plain");
    let server = RustServer::start(&topic, "rust").await;
    let mut client = Python::client(&[]).await;

    let kwboom = raised(&mut client, &topic, "kwboom", json!({})).await;
    assert!(kwboom.remote);
    assert_eq!(kwboom.exc_type.as_deref(), Some("KwBoom"));
    assert_eq!(kwboom.value.as_deref(), Some("Flavor 7 not found"));
    assert!(!kwboom.traceback.unwrap().is_empty());

    // A refusal of this library has a class that Python knows.
    let missing = raised(&mut client, &topic, "echo", json!({})).await;
    assert_eq!(
        (missing.module.as_str(), missing.class.as_str()),
        ("builtins", "TypeError")
    );
    let text = missing.args[0].as_str().unwrap();
    assert!(text.contains("missing") && text.contains("'arg'"), "{text}");
    let wrong = raised(&mut client, &topic, "echo", json!({ "arg": 7 })).await;
    assert_eq!(
        (wrong.module.as_str(), wrong.class.as_str()),
        ("builtins", "ValueError")
    );
    let text = wrong.args[0].as_str().unwrap();
    assert!(text.contains("'arg'"), "{text}");
    // Python writes `NaN`, which JSON does not have.
    let nan = raised(
        &mut client,
        &topic,
        "test",
        json!({ "arg": { "$nan": true } }),
    )
    .await;
    assert_eq!(
        (nan.module.as_str(), nan.class.as_str()),
        ("builtins", "ValueError")
    );

    // The server still serves.
    let ask = json!({ "op": "call", "topic": topic, "method": "whoami", "version": "2.5" });
    assert_eq!(client.ask::<String>(ask).await.unwrap(), "rust");
    client.stop().await;
    server.stop().await;
}
