//! A server that gets malformed requests one after the other, and still serves.

use bytes::Bytes;
use rpc_runtime::wire::{MessageId, Reply, RequestEncoder};
use rpc_runtime::{Context, Result, Server, rpc_client};
use rpc_tests::{mutate, seeds, trial};
use serde_json::Value;

use crate::script;

/// The methods of the captured requests, as far as they have types.
#[rpc_client(topic = "bad", version = "2.9")]
trait Tested {
    async fn test(&self, ctxt: &Context, arg: Value) -> Result<Value>;
    #[rpc(cast)]
    async fn note(&self, ctxt: &Context, number: u8, text: Option<&str>) -> Result<()>;
}

#[derive(Debug)]
struct Answering;

impl Tested for Answering {
    async fn test(&self, _: &Context, arg: Value) -> Result<Value> {
        Ok(arg)
    }
    async fn note(&self, _: &Context, _: u8, _: Option<&str>) -> Result<()> {
        Ok(())
    }
}

fn ping(id: MessageId) -> Bytes {
    let request = RequestEncoder::new("oslo_rpc_server_ping");
    let request = request.finish(None, None, &()).expect("it can be written");
    request.call(id, "q", None)
}

#[tokio::test]
async fn servers() {
    let (transport, requests, mut replied) = script::transport();
    let send = async |body: Bytes| {
        let sent = requests.send((body, true)).await;
        sent.expect("the server takes it");
    };
    let server = Server::builder(&transport, "s")
        .endpoint(TestedEndpoint::new(Answering))
        .ping(true);
    let server = server.start().await.expect("the server starts");

    let long = "é".repeat(1 << 20);
    let method = |text: &str| format!(r#"{{"method":{text},"_msg_id":"1","_reply_q":"q"}}"#);
    let mut seeds = seeds::messages();
    for text in [
        method(&format!("\"{long}\"")),
        method(&format!(r#""test","version":"{long}""#)),
        method(&format!(r#""test","args":{{"{long}":1}}"#)),
        method(&format!(r#""note","args":{{"number":"{long}"}}"#)),
    ] {
        let id = MessageId::unique();
        send(mutate::enveloped(&text).into()).await;
        let (_, failure) = replied.recv().await.expect("the server answers");
        assert!(failure.len() < 16 * 1024, "{} bytes", failure.len());
        send(ping(id)).await;
        replied.recv().await.expect("the server answers");
    }
    seeds.extend([
        mutate::enveloped(&method(
            r#""note","args":{"number":3,"text":"x"},"_timeout":0.001"#,
        )),
        mutate::enveloped(&method(r#""test","args":{"arg":[1]},"version":"2.9""#)),
    ]);
    let messages = mutate::Messages::new(seeds);
    let mut random = rpc_tests::Seeded::new(trial::first_seed());
    let end = tokio::time::Instant::now() + trial::duration();
    let mut cases = 0;
    while cases < 100 || tokio::time::Instant::now() < end {
        let mut batch = Vec::new();
        for _ in 0..50 {
            let bad = messages.changed(&mut random);
            batch.push(bad.escape_ascii().to_string());
            send(bad.into()).await;
        }
        let id = MessageId::unique();
        send(ping(id)).await;
        let pong = async {
            while let Some((_, body)) = replied.recv().await {
                if Reply::decode(&body).is_ok_and(|reply| reply.message_id() == id) {
                    return;
                }
            }
        };
        let answered = tokio::time::timeout(rpc_tests::PATIENCE, pong).await;
        assert!(answered.is_ok(), "no answer after one of {batch:#?}");
        cases += batch.len();
    }
    println!("servers: {cases} cases");
    assert!(server.stop().await.is_clean());
}
