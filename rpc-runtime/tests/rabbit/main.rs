//! Tests of the `rabbit://` driver with a real broker, which `tests/run` starts and names in
//! `RPC_TEST_RABBIT_URL`.
//!
//! All tests share the broker, so each uses its own topics. They wait for conditions and not for fixed times.
//! A relay between driver and broker, or a second AMQP connection, causes the faults.

#![cfg(feature = "rabbit")]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

mod bad_bytes;
mod calls;
mod cancel;
mod compression;
mod faults;
mod life;
mod login;
mod once;
mod recovery;
mod relay;
mod returned;
#[cfg(feature = "tls")]
mod tls;
mod topology;

use std::collections::HashSet;
use std::time::Duration;

use futures_core::Stream;
use lapin::options::{
    BasicConsumeOptions, ExchangeDeclareOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use rpc_runtime::error::Stage;
use rpc_runtime::transport::{Arrival, CallTerms, Incoming, ListenTerms, Listener, SendTerms};
use rpc_runtime::wire::{MessageId, ReplyTo, Request, RequestBody, RequestEncoder, success};
use rpc_runtime::{Error, Retry, Target, Transport, TransportUrl};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use relay::Relay;

const LONG: Duration = Duration::from_secs(20);

fn base() -> TransportUrl {
    let url = std::env::var("RPC_TEST_RABBIT_URL").expect("RPC_TEST_RABBIT_URL names the broker");
    url.parse().expect("RPC_TEST_RABBIT_URL is a transport URL")
}

fn broker() -> String {
    let url = base();
    let host = &url.hosts()[0];
    format!("{}:{}", host.name, host.port.unwrap_or(5672))
}

fn credentials() -> String {
    let url = base();
    let host = &url.hosts()[0];
    let password = host
        .password
        .as_ref()
        .map_or("guest", |password| password.expose());
    format!("{}:{password}", host.user.as_deref().unwrap_or("guest"))
}

fn transport_at(address: &str, query: &str) -> Transport {
    let url = format!("rabbit://{}@{address}/?{query}", credentials());
    Transport::new(&url).unwrap()
}

fn transport(query: &str) -> Transport {
    transport_at(&broker(), query)
}

fn topic() -> String {
    format!("t{}", MessageId::unique())
}

fn request(method: &str) -> RequestBody {
    let context = serde_json::json!({});
    RequestEncoder::new(method)
        .finish(None, None, &context)
        .unwrap()
}

fn terms(time: Duration) -> CallTerms {
    CallTerms::new(SendTerms::new(Retry::Forever, true), time, None)
}

fn casting(retry: Retry, mandatory: bool) -> SendTerms {
    SendTerms::new(retry, mandatory)
}

async fn listen(transport: &Transport, target: &Target) -> Box<dyn Listener> {
    listen_with(transport, target, 16).await
}

/// Listens with room for `concurrency` requests at once.
async fn listen_with(
    transport: &Transport,
    target: &Target,
    concurrency: usize,
) -> Box<dyn Listener> {
    let terms = ListenTerms::new(concurrency, 16);
    let listen = transport.driver().listen(target, &terms);
    timeout(LONG, listen)
        .await
        .expect("listens in time")
        .unwrap()
}

async fn next(listener: &mut Box<dyn Listener>) -> Incoming {
    let arrival = timeout(LONG, listener.next()).await;
    match arrival.expect("a request in time") {
        Some(Arrival::Request(incoming)) => incoming,
        other => panic!("{other:?}"),
    }
}

fn method_of(incoming: &Incoming) -> String {
    let text = Request::open(&incoming.body).unwrap();
    Request::parse(&text).unwrap().method().to_owned()
}

fn reply_to(incoming: &Incoming) -> ReplyTo {
    let text = Request::open(&incoming.body).unwrap();
    Request::parse(&text)
        .unwrap()
        .reply_to()
        .expect("a call")
        .clone()
}

async fn answer(incoming: &Incoming, with: &str) {
    let to = reply_to(incoming);
    incoming
        .responder
        .clone()
        .reply(&to, success(&to, with).unwrap())
        .await
        .unwrap();
}

/// Replies to each call with `name`.
fn serve(mut listener: Box<dyn Listener>, name: &str) -> JoinHandle<()> {
    let name = name.to_owned();
    tokio::spawn(async move {
        while let Some(arrival) = listener.next().await {
            if let Arrival::Request(incoming) = arrival {
                let to = reply_to(&incoming);
                let reply = success(&to, &name).unwrap();
                let _ = incoming.responder.clone().reply(&to, reply).await;
            }
        }
    })
}

async fn call(transport: &Transport, target: &Target) -> Result<String, Error> {
    let reply = transport
        .driver()
        .call(target, request("m"), &terms(LONG))
        .await?;
    reply.into_result()
}

/// A separate connection to the broker, with a channel.
async fn aside() -> (lapin::Connection, lapin::Channel) {
    let uri = format!(
        "amqp://{}@{}/%2f?frame_max=131072&heartbeat=60",
        credentials(),
        broker()
    );
    let connection = lapin::Connection::connect(&uri, lapin::ConnectionProperties::default());
    let connection = connection.await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

async fn queue_exists(connection: &lapin::Connection, queue: &str) -> bool {
    let channel = connection.create_channel().await.unwrap();
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    channel
        .queue_declare(queue.into(), options, FieldTable::default())
        .await
        .is_ok()
}

async fn delete_queue(channel: &lapin::Channel, queue: &str) {
    channel
        .queue_delete(queue.into(), QueueDeleteOptions::default())
        .await
        .unwrap();
}

async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, wait)
        .await
        .unwrap_or_else(|_| panic!("not in time: {what}"));
}
