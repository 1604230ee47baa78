//! Python and Rust servers side by side on one topic.

use std::collections::HashMap;

use rpc_runtime::{CallOptions, Context};
use rpc_tests::{Python, unique_topic};
use serde_json::json;

use crate::peer::{RustServer, client, peer, transport};

const PYTHON: [&str; 3] = ["python-1", "python-2", "python-3"];
const RUST: [&str; 3] = ["rust-1", "rust-2", "rust-3"];

async fn six_servers(topic: &str) -> (Vec<Python>, Vec<RustServer>) {
    let start = |name| {
        let topic = topic.to_owned();
        tokio::spawn(async move { Python::server(&topic, name).await })
    };
    let mut rust = Vec::new();
    for name in RUST {
        rust.push(RustServer::start(topic, name).await);
    }
    let mut python = Vec::new();
    // Python starts slowly, so all three start at once.
    for started in PYTHON.map(start) {
        python.push(started.await.unwrap());
    }
    (python, rust)
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn six_servers_share_the_calls() {
    let topic = unique_topic("shared");
    let (_python, rust) = six_servers(&topic).await;
    let transport = transport();
    let from_rust = peer(&transport, &topic);
    let mut from_python = Python::client(&[]).await;
    let mut answers: Vec<String> = Vec::new();
    for _ in 0..150 {
        answers.push(from_rust.whoami(&Context::new()).await.unwrap());
    }
    let ask = json!({
        "op": "call", "topic": topic, "method": "whoami", "version": "2.5", "times": 150,
    });
    answers.extend(from_python.ask::<Vec<String>>(ask).await.unwrap());

    let mut counts = HashMap::new();
    for answer in &answers {
        *counts.entry(answer.as_str()).or_insert(0) += 1;
    }
    assert_eq!(answers.len(), 300);
    for name in PYTHON.iter().chain(&RUST) {
        // On average fifty each. Round robin is best effort.
        assert!(
            counts.get(name).is_some_and(|&count| count >= 20),
            "{counts:?}"
        );
    }
    for server in rust {
        server.stop().await;
    }
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_fanout_reaches_all_and_a_directed_call_one() {
    let topic = unique_topic("fanout");
    let (mut python, mut rust) = six_servers(&topic).await;
    let transport = transport();
    let from_rust = client(&transport, &topic).prepare(CallOptions::new().version((2, 5)));
    let mut from_python = Python::client(&[]).await;

    from_rust
        .prepare(CallOptions::new().fanout(true))
        .cast(
            &Context::new(),
            "test",
            rpc_runtime::args! { arg: "from Rust" },
        )
        .await
        .unwrap();
    let ask = json!({
        "op": "cast", "topic": topic, "method": "test", "version": "2.0", "fanout": true,
        "args": { "arg": "from Python" },
    });
    from_python.ask::<()>(ask).await.unwrap();
    for server in &mut python {
        let mut args = [server.received().await, server.received().await]
            .map(|received| received.args["arg"].clone());
        args.sort_by_key(ToString::to_string);
        assert_eq!(args, ["from Python", "from Rust"]);
    }
    for server in &mut rust {
        let mut args = [server.ran().await.arg, server.ran().await.arg];
        args.sort_by_key(ToString::to_string);
        assert_eq!(args, ["from Python", "from Rust"]);
    }

    for name in PYTHON.iter().chain(&RUST) {
        for _ in 0..3 {
            let answer: String = from_rust
                .prepare(CallOptions::new().server(*name))
                .call(&Context::new(), "whoami", rpc_runtime::args! {})
                .await
                .unwrap();
            assert_eq!(answer, *name);
        }
        let ask = json!({
            "op": "call", "topic": topic, "method": "whoami", "version": "2.5", "server": name,
            "times": 3,
        });
        let answers: Vec<String> = from_python.ask(ask).await.unwrap();
        assert_eq!(answers, [*name; 3]);
    }
    // The servers got nothing else.
    for server in &mut python {
        let more = server.received_so_far();
        assert!(
            more.iter().all(|received| received.method == "whoami"),
            "{more:?}"
        );
    }
    for mut server in rust {
        let more = server.ran_so_far();
        assert!(more.iter().all(|ran| ran.method == "whoami"), "{more:?}");
        server.stop().await;
    }
    transport.close().await;
}
