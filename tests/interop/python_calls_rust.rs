//! A Python client, a Rust server.

use rpc_runtime::Error;
use rpc_tests::{Python, Raised, captured, unique_topic};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::peer::{Asked, RustServer, comparable, outcome};

/// A captured request, for `client.py` to send.
#[derive(Serialize)]
struct Ask {
    op: &'static str,
    topic: String,
    method: String,
    args: Box<RawValue>,
    context: Value,
    timeout: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    monitor: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<String>,
    fanout: bool,
}

impl Ask {
    fn new(topic: &str, case: &str, asked: &Asked) -> Self {
        // If Python has a type that JSON does not have, it is sent as that type.
        let args = match case {
            "datetime" => r#"{"arg": {"$datetime": "2026-01-02T03:04:05.000678"}}"#,
            "bytes" => r#"{"arg": {"$bytes": "raw"}}"#,
            _ => asked.args.get(),
        };
        Self {
            op: if asked.is_call { "call" } else { "cast" },
            topic: topic.to_owned(),
            method: asked.method.clone(),
            args: RawValue::from_string(args.to_owned()).unwrap(),
            context: json!(asked.context),
            timeout: 30,
            version: asked.version.clone(),
            namespace: asked.namespace.clone(),
            monitor: asked.monitor.map(|monitor| monitor.as_secs()),
            server: asked.server.clone(),
            exchange: None,
            fanout: false,
        }
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn every_captured_call_has_the_same_outcome() {
    let topic = unique_topic("vectors");
    let server = RustServer::start(&topic, "host1").await;
    let mut client = Python::client(&[]).await;
    let mut compared = 0;
    for (case, messages) in captured() {
        let asked = Asked::of(&messages[0]);
        // A request without a server has no server here either.
        if !asked.is_call || messages[0].routing_key == "nowhere" {
            continue;
        }
        let ask = Ask::new(&topic, &case, &asked);
        let live: Result<Box<RawValue>, Raised> = client.ask(ask).await;
        match (outcome(&messages), live) {
            // Compared as text, since Python writes integers exactly as it read them.
            (Ok(want), Ok(got)) => assert_eq!(got.get(), want, "{case}"),
            (Err(Error::Remote(want)), Err(got)) if want.module == "builtins" => {
                // Python always rebuilds its own exceptions, and puts the traceback into the first argument.
                assert_eq!(
                    (got.module.as_str(), &got.class),
                    ("builtins", &want.class),
                    "{case}"
                );
                let first = got.args[0].as_str().unwrap();
                assert!(first.contains(comparable(&want.message)), "{case}: {first}");
                assert_eq!(got.args[1..], want.args[1..], "{case}");
            }
            (Err(Error::Remote(want)), Err(got)) => {
                assert!(got.remote, "{case}: {got:?}");
                assert_eq!(got.exc_type.as_ref(), Some(&want.class), "{case}");
                assert_eq!(got.value.as_ref(), Some(&want.message), "{case}");
                let last = got.traceback.as_ref().and_then(|lines| lines.last());
                assert!(
                    last.is_some_and(|last| last.contains(&want.class)),
                    "{case}: {last:?}"
                );
            }
            (want, got) => panic!("{case}: captured {want:?}, live {got:?}"),
        }
        compared += 1;
    }
    assert_eq!(compared, 17, "calls that are answered");
    client.stop().await;
    server.stop().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn casts_arrive_as_they_were_sent() {
    let topic = unique_topic("casts");
    let exchange = unique_topic("other");
    let mut server = RustServer::start(&topic, "host1").await;
    let mut elsewhere = RustServer::start_at(Some(&exchange), &topic, "host1").await;
    let mut client = Python::client(&[]).await;
    for case in ["cast", "fanout", "call_exchange"] {
        let asked = Asked::of(&captured()[case][0]);
        let mut ask = Ask::new(&topic, case, &asked);
        ask.fanout = case == "fanout";
        ask.exchange = (case == "call_exchange").then(|| exchange.clone());
        client.ask::<()>(ask).await.unwrap();
        let server = if case == "call_exchange" {
            &mut elsewhere
        } else {
            &mut server
        };
        let ran = server.ran().await;
        assert_eq!(ran.method, asked.method, "{case}");
        assert_eq!(json!({ "arg": ran.arg }), json!(asked.args), "{case}");
        assert_eq!(ran.context, asked.context, "{case}");
        if case == "fanout" {
            // A fanout reaches servers of every exchange.
            assert_eq!(elsewhere.ran().await.arg, "f");
        }
    }
    // A second copy of a cast would run before this call.
    for (server, exchange) in [(&mut server, None), (&mut elsewhere, Some(&exchange))] {
        let ask = json!({
            "op": "call", "exchange": exchange, "topic": topic, "server": "host1", "method": "whoami",
            "version": "2.5",
        });
        assert_eq!(client.ask::<String>(ask).await.unwrap(), "host1");
        assert_eq!(server.ran().await.method, "whoami");
        assert_eq!(server.ran_so_far(), []);
    }
    client.stop().await;
    server.stop().await;
    elsewhere.stop().await;
}
