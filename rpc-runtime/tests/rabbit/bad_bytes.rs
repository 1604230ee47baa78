//! Malformed messages in the queues of a server and of a client must not affect other messages. Malformed
//! properties of a message must not affect the message itself, because they are not used.

use std::process::Command;

use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use rpc_runtime::{CallOptions, Context, Result, RpcClient, Server, args, rpc_client};
use serde_json::{Value, json};

use super::*;

/// Deeper than any stack allows recursion.
const DEPTH: usize = 100_000;
/// A well-formed message id.
const ID: &str = "00000000000000000000000000000001";

#[rpc_client(topic = "bad", version = "1.0")]
trait Echo {
    async fn echo(&self, ctxt: &Context, arg: Value) -> Result<Value>;
}

struct Echoing;

impl Echo for Echoing {
    async fn echo(&self, _: &Context, arg: Value) -> Result<Value> {
        Ok(arg)
    }
}

fn envelope(message: &str) -> Vec<u8> {
    json!({ "oslo.version": "2.0", "oslo.message": message })
        .to_string()
        .into_bytes()
}

/// A call whose argument is the text `argument`, with the reply queue `queue`.
fn call_with(argument: &str, queue: &str) -> String {
    format!(
        r#"{{"method": "echo", "args": {{"arg": {argument}}}, "version": "1.0", "_msg_id": "{ID}",
            "_reply_q": "{queue}", "_unique_id": "{}"}}"#,
        MessageId::unique()
    )
}

/// A reply to an unknown call, whose result is the text `result`.
fn reply_with(result: &str) -> String {
    format!(r#"{{"result": {result}, "failure": null, "ending": true, "_msg_id": "{ID}"}}"#)
}

fn nested(open: &str, close: &str) -> String {
    format!("{}1{}", open.repeat(DEPTH), close.repeat(DEPTH))
}

/// Pseudo-random bytes, the same each time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = length as u64 + 1;
    let byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(byte).take(length).collect()
}

/// Malformed messages, each with a description. `queue` is the reply queue of malformed requests.
fn bad(queue: &str) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    for text in [
        "",
        " ",
        "{}",
        "[]",
        "null",
        "0",
        r#""text""#,
        "{\"method\"",
        r#"{"oslo.version": "2.0"}"#,
        r#"{"oslo.message": "{}"}"#,
        r#"{"oslo.version": "9.0", "oslo.message": "{}"}"#,
        r#"{"oslo.version": "two", "oslo.message": "{}"}"#,
        r#"{"oslo.version": 2.0, "oslo.message": "{}"}"#,
        r#"{"oslo.version": "2.0", "oslo.message": {"method": "echo"}}"#,
        r#"{"oslo.version": "2.0", "oslo.message": 7}"#,
        r#"{"oslo.version": "2.0", "oslo.message": "\ud800"}"#,
        r#"{"oslo.version": "2.0", "oslo.message": "{\"method\": \"\\udc00\", \"args\": {}}"}"#,
        r#"{"oslo.version": "2.0", "oslo.message": "{\"_msg_id\": \"\\ud800\"}"}"#,
        r#"{"oslo.version": "2.0", "oslo.message": "{}"} and more"#,
    ] {
        all.push((text.to_owned(), text.into()));
    }
    for length in [1, 2, 7, 64, 4096, 200_000] {
        all.push((format!("{length} bytes of noise"), noise(length)));
    }
    let good = [
        envelope(&call_with("[1, {\"two\": 3}]", queue)),
        envelope(&reply_with("[1, {\"two\": 3}]")),
    ];
    for whole in &good {
        for part in 1..8 {
            let cut = whole.len() * part / 8;
            let what = String::from_utf8_lossy(&whole[..cut]).into_owned();
            all.push((what, whole[..cut].to_vec()));
        }
        for at in [1, whole.len() / 2, whole.len() - 3] {
            let mut broken = whole.clone();
            broken[at] = 0xff;
            all.push((format!("no UTF-8 at {at}"), broken));
        }
    }
    for value in [
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "1e999999",
        "NaN",
        "\"\u{1}\"",
        &"9".repeat(10_000),
        &nested("[", "]"),
        &nested("{\"a\":", "}"),
        &"[".repeat(DEPTH),
    ] {
        for message in [call_with(value, queue), reply_with(value)] {
            let what: String = message.chars().take(200).collect();
            all.push((what.clone(), envelope(&message)));
            all.push((format!("no envelope: {what}"), message.into_bytes()));
        }
    }
    for deep in [nested("[", "]"), nested("{\"a\":", "}"), "[".repeat(DEPTH)] {
        let what: String = deep.chars().take(20).collect();
        all.push((format!("deep in an envelope: {what}"), envelope(&deep)));
        let around = format!(r#"{{"x": {deep}, "oslo.version": "2.0", "oslo.message": {deep}}}"#);
        all.push((format!("a deep envelope: {what}"), around.into_bytes()));
        all.push((format!("deep: {what}"), deep.into_bytes()));
    }
    // Malformed reply queues.
    for queue in ["", "no such queue", &"q".repeat(300), "\\ud800", "\\u0000"] {
        all.push((
            format!("to be answered at {queue:.20}"),
            envelope(&call_with("1", queue)),
        ));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn malformed_messages_affect_no_others() {
    let topic = topic();
    let relays = [Relay::to(&broker()).await, Relay::to(&broker()).await];
    // Replies to missing queues must not be retried for long, because each holds a permit.
    let query = "kombu_missing_consumer_retry_timeout=1";
    let serving = transport_at(&relays[0].address(), query);
    let calling = transport_at(&relays[1].address(), "");
    let server = Server::builder(&serving, "s")
        .override_topic(&topic)
        .endpoint(EchoEndpoint::new(Echoing))
        .start()
        .await
        .unwrap();

    // One request is inspected, to learn the name of the client's reply queue.
    let other = Target::new(super::topic());
    let mut listener = listen(&serving, &other.clone().server("s")).await;
    let (called, replies) = tokio::join!(call(&calling, &other), async {
        let incoming = next(&mut listener).await;
        answer(&incoming, "s").await;
        reply_to(&incoming).queue
    });
    called.unwrap();

    let client = RpcClient::new(&calling, Target::new(&*topic))
        .prepare(CallOptions::new().version((1, 0)).timeout(LONG));
    let echoed = |number: usize| {
        let client = client.clone();
        async move {
            client
                .call::<usize>(&(), "echo", args! { arg: number })
                .await
        }
    };
    assert_eq!(echoed(0).await.unwrap(), 0);
    let taken = [relays[0].taken(), relays[1].taken()];

    let (_connection, channel) = aside().await;
    let direct = format!("{topic}.s");
    let mut numbers = 1..;
    let bad = bad(&replies);
    assert!(bad.len() > 80, "{}", bad.len());
    for (what, body) in &bad {
        // A call is in flight while the malformed message arrives.
        let good = tokio::spawn(echoed(numbers.next().unwrap_or_default()));
        for queue in [&topic, &direct, &replies] {
            let publish = channel.basic_publish(
                "".into(),
                queue.as_str().into(),
                BasicPublishOptions::default(),
                body,
                BasicProperties::default(),
            );
            publish.await.unwrap();
        }
        let answered = good.await.unwrap();
        assert!(answered.is_ok(), "{what}: {answered:?}");
        let number = numbers.next().unwrap_or_default();
        assert_eq!(echoed(number).await.expect(what), number, "{what}");
    }
    for relay in 0..2 {
        assert_eq!(
            relays[relay].taken(),
            taken[relay],
            "there was no reconnect"
        );
    }
    server.stop().await;
    listener.close().await;
    calling.close().await;
    serving.close().await;
}

/// Publishes a message twice, with properties that lapin would not write.
const ODD: &str = r#"
import sys, threading, amqp

def publish():
    address, credentials, queue, body = sys.argv[1:]
    connection = amqp.Connection(address, *credentials.split(":"), virtual_host="/")
    connection.connect()
    channel = connection.channel()
    deep = []
    for _ in range(20_000):
        deep = [deep]
    for properties in {"correlation_id": b"\xff"}, {"application_headers": {"deep": deep}}:
        channel.basic_publish(amqp.Message(body, **properties), routing_key=queue)
    connection.close()

sys.setrecursionlimit(1_000_000)
threading.stack_size(512 * 1024 * 1024)
publishing = threading.Thread(target=publish)
publishing.start()
publishing.join()
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ and Python: tests/run"]
async fn a_message_with_malformed_properties_reaches_its_server() {
    let python = std::env::var_os("RPC_TEST_PYTHON").expect("RPC_TEST_PYTHON has py-amqp");
    let target = Target::new(topic());
    let relay = Relay::to(&broker()).await;
    let serving = transport_at(&relay.address(), "");
    let mut listener = listen(&serving, &target.clone().server("s")).await;
    let taken = relay.taken();
    let body = r#"{"method": "odd", "args": {}}"#;
    let published = Command::new(python)
        .args(["-c", ODD, &broker(), &credentials(), &target.topic, body])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&published.stderr);
    assert!(published.status.success() && said.is_empty(), "{said}");
    for _ in 0..2 {
        let incoming = next(&mut listener).await;
        assert_eq!(method_of(&incoming), "odd");
    }
    assert_eq!(relay.taken(), taken, "there was no reconnect");
    listener.close().await;
    serving.close().await;
}
