//! Each type of queue, with servers and clients of both languages on one topic.

use rpc_runtime::{CallOptions, Context, Transport};
use rpc_tests::queues::Queues;
use rpc_tests::{Python, unique_topic};
use serde_json::{Value, json};

use crate::peer::{RustServer, peer};

/// The client of each language reaches both servers: each by its name, one of them by the topic, and both by a fanout.
async fn both_languages_share(queues: Queues) {
    let topic = unique_topic(queues.name());
    let url = |process| queues.broker_url(&format!("{process}-{topic}"));
    // An exchange of its own: exchanges have the durability of the queues, and Python requires that.
    let exchange = format!("of-{}", queues.name());
    let mut rust = RustServer::start_with(
        Transport::new(&url("rust-server")).unwrap(),
        Some(&exchange),
        &topic,
        "rust",
    )
    .await;
    let mut python = Python::server_over(&url("python-server"), &exchange, &topic, "python").await;
    let transport = Transport::new(&url("rust-client")).unwrap();
    let from_rust = peer(&transport, &topic).prepare(CallOptions::new().exchange(&exchange));
    let mut from_python = Python::client_over(&url("python-client"), &[]).await;
    let ctxt = Context::new();

    for server in ["rust", "python"] {
        let directed = from_rust.prepare(CallOptions::new().server(server));
        assert_eq!(directed.whoami(&ctxt).await.unwrap(), server);
        let ask = json!({
            "op": "call", "exchange": exchange, "topic": topic, "server": server,
            "method": "whoami", "version": "2.5",
        });
        assert_eq!(from_python.ask::<String>(ask).await.unwrap(), server);
    }
    for _ in 0..10 {
        let answer = from_rust.whoami(&ctxt).await.unwrap();
        assert!(["rust", "python"].contains(&answer.as_str()), "{answer}");
    }
    let ask = json!({
        "op": "call", "exchange": exchange, "topic": topic, "method": "whoami", "version": "2.5", "times": 10,
    });
    let answers: Vec<String> = from_python.ask(ask).await.unwrap();
    assert!(
        answers
            .iter()
            .all(|answer| answer == "rust" || answer == "python"),
        "{answers:?}"
    );
    // Discards the reports of the calls above.
    python.received_so_far();
    rust.ran_so_far();

    let fanout = CallOptions::new().version((2, 5)).fanout(true);
    let sent = from_rust.rpc().prepare(fanout);
    let sent = sent.cast(&ctxt, "test", rpc_runtime::args! { arg: "from Rust" });
    sent.await.unwrap();
    let ask = json!({
        "op": "cast", "exchange": exchange, "topic": topic, "method": "test", "version": "2.5",
        "fanout": true, "args": {"arg": "from Python"},
    });
    from_python.ask::<Value>(ask).await.unwrap();
    // Messages of different publishers have no order.
    let mut in_python = [python.received().await, python.received().await]
        .map(|received| received.args["arg"].clone());
    let mut in_rust = [rust.ran().await, rust.ran().await].map(|ran| ran.arg);
    for arrived in [&mut in_python, &mut in_rust] {
        arrived.sort_by_key(Value::to_string);
        assert_eq!(*arrived, [json!("from Python"), json!("from Rust")]);
    }
    rust.stop().await;
    transport.close().await;
    from_python.stop().await;
    python.stop().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn transient_queues() {
    both_languages_share(Queues::Transient).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn durable_queues() {
    both_languages_share(Queues::Durable).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn quorum_queues() {
    both_languages_share(Queues::Quorum).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn quorum_queues_with_streams_for_fanouts() {
    both_languages_share(Queues::Streams).await;
}
