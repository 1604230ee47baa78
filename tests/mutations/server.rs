//! A server that is sent bad requests, one after the other, and goes on.

use std::sync::Arc;

use bytes::Bytes;
use rpc_runtime::transport::{
    Arrival, CallTerms, Delivery, Driver, Incoming, ListenTerms, Listener, SendTerms,
};
use rpc_runtime::wire::{MessageId, Reply, ReplyTo, RequestBody, RequestEncoder};
use rpc_runtime::{BoxFuture, Context, Error, Result, Server, Target, Transport, rpc_client};
use rpc_tests::{mutate, seeds, trial};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};

/// What the captured requests ask for, as far as it has a type.
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

/// Hands a server what the test puts in, and the test what the server sends.
#[derive(Debug, Clone)]
struct Feed {
    requests: Arc<Mutex<mpsc::Receiver<Bytes>>>,
    replies: mpsc::UnboundedSender<Bytes>,
}

impl Driver for Feed {
    fn send<'a>(
        &'a self,
        _: &'a Target,
        _: RequestBody,
        _: &'a SendTerms,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(Error::Closed) })
    }
    fn call<'a>(
        &'a self,
        _: &'a Target,
        _: RequestBody,
        _: &'a CallTerms,
    ) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async { Err(Error::Closed) })
    }
    fn listen<'a>(
        &'a self,
        _: &'a Target,
        _: &'a ListenTerms,
    ) -> BoxFuture<'a, Result<Box<dyn Listener>>> {
        Box::pin(async move { Ok(Box::new(self.clone()) as Box<dyn Listener>) })
    }
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl Listener for Feed {
    fn next(&mut self) -> BoxFuture<'_, Option<Arrival>> {
        Box::pin(async move {
            let body = self.requests.lock().await.recv().await?;
            let incoming = Incoming::new(body, Arc::new(self.clone()));
            Some(Arrival::Request(incoming))
        })
    }
    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async { self.requests.lock().await.close() })
    }
}

impl Delivery for Feed {
    fn reply(self: Arc<Self>, _: &ReplyTo, body: Bytes) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            // The test may have ended.
            let _ = self.replies.send(body);
            Ok(())
        })
    }
}

fn ping(id: MessageId) -> Bytes {
    let request = RequestEncoder::new("oslo_rpc_server_ping");
    let request = request.finish(None, None, &()).expect("it can be written");
    request.call(id, "q", None)
}

#[tokio::test]
async fn servers() {
    let (requests, arriving) = mpsc::channel(64);
    let (replies, mut replied) = mpsc::unbounded_channel();
    let feed = Feed {
        requests: Arc::new(Mutex::new(arriving)),
        replies,
    };
    let transport = Transport::from_driver(feed);
    let server = Server::builder(&transport, "bad", "s")
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
        requests
            .send(mutate::enveloped(&text).into())
            .await
            .expect("the server takes it");
        let failure = replied.recv().await.expect("the server answers");
        assert!(failure.len() < 16 * 1024, "{} bytes", failure.len());
        requests.send(ping(id)).await.expect("the server takes it");
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
            requests
                .send(bad.into())
                .await
                .expect("the server takes it");
        }
        let id = MessageId::unique();
        requests.send(ping(id)).await.expect("the server takes it");
        let pong = async {
            while let Some(body) = replied.recv().await {
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
    assert_eq!(server.stop().await, 0);
}
