//! The cases of the behaviour suite, grouped by promise. This file has the service that they all use.

mod cancellation;
mod failures;
mod health;
mod lives;
mod messages;
mod middleware;
mod targets;
mod times;
mod untyped;
mod versions;

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rpc_runtime::error::Stage;
use rpc_runtime::{
    CallOptions, Context, Endpoint, Error, IntoRemoteError, RemoteError, Result, RpcClient,
    Serializer, Server, Target, Transport, args, rpc_client,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::{Notify, mpsc};

use super::World;

pub(super) use cancellation::*;
pub(super) use failures::*;
pub(super) use health::*;
pub(super) use lives::*;
pub(super) use messages::*;
pub(super) use middleware::*;
pub(super) use targets::*;
pub(super) use times::*;
pub(super) use untyped::*;
pub(super) use versions::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Host {
    name: String,
    disks: Vec<u64>,
    note: Option<String>,
}

/// The error type of the interface.
#[derive(Debug, IntoRemoteError)]
#[rpc(module = "stock.exceptions")]
pub(crate) enum StockError {
    #[rpc(message = "{shelf} is empty")]
    Empty { shelf: String },
    #[rpc(other)]
    Rpc(Error),
}

#[rpc_client(version = "2.0")]
pub(crate) trait Stock {
    async fn host(
        &self,
        ctxt: &Context,
        host: &Host,
        names: &[String],
        tag: Option<&str>,
    ) -> Result<Host>;
    async fn whoami(&self, ctxt: &Context) -> Result<String>;
    #[rpc(version = "2.3")]
    async fn newer(&self, ctxt: &Context, n: u8) -> Result<u8>;
    async fn echo(&self, ctxt: &Context, value: Value) -> Result<Value>;
    async fn context(&self, ctxt: &Context) -> Result<Context>;
    async fn boom(&self, ctxt: &Context) -> Result<()>;
    async fn pick(&self, ctxt: &Context, shelf: &str) -> Result<u32, StockError>;
    async fn panic(&self, ctxt: &Context) -> Result<()>;
    /// Returns when the test releases it.
    async fn wait(&self, ctxt: &Context, id: u32) -> Result<u32>;
    #[rpc(timeout = 0.2)]
    async fn wait_briefly(&self, ctxt: &Context) -> Result<()>;
    #[rpc(cast)]
    async fn note(&self, ctxt: &Context, n: u32) -> Result<()>;
    #[rpc(cast, fanout)]
    async fn note_all(&self, ctxt: &Context, n: u32) -> Result<()>;

    /// Makes two calls.
    async fn whoami_twice(&self, ctxt: &Context) -> Result<(String, String)> {
        Ok((self.whoami(ctxt).await?, self.whoami(ctxt).await?))
    }
}

/// A request that a server saw.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Seen {
    Note(String, u32),
    Waiting(String, u32),
}

#[derive(Debug)]
struct Shelves {
    name: String,
    seen: mpsc::UnboundedSender<Seen>,
    release: Arc<Notify>,
}

impl Stock for Shelves {
    async fn host(
        &self,
        _: &Context,
        host: &Host,
        names: &[String],
        tag: Option<&str>,
    ) -> Result<Host> {
        let name = format!("{}/{}/{}", host.name, names.join("+"), tag.unwrap_or("-"));
        Ok(Host {
            name,
            ..host.clone()
        })
    }
    async fn whoami(&self, _: &Context) -> Result<String> {
        Ok(self.name.clone())
    }
    async fn newer(&self, _: &Context, n: u8) -> Result<u8> {
        Ok(n)
    }
    async fn echo(&self, _: &Context, value: Value) -> Result<Value> {
        Ok(value)
    }
    async fn context(&self, ctxt: &Context) -> Result<Context> {
        Ok(ctxt.clone())
    }
    async fn boom(&self, _: &Context) -> Result<()> {
        let error = RemoteError::new("Boom", "because — 你好")
            .module("stock.exceptions")
            .args([json!("because"), json!(3)])
            .kwarg("id", 7)
            .traceback(["Traceback (most recent call last):\n", "Boom\n"]);
        Err(error.into())
    }
    async fn pick(&self, _: &Context, shelf: &str) -> Result<u32, StockError> {
        Err(StockError::Empty {
            shelf: shelf.into(),
        })
    }
    async fn panic(&self, _: &Context) -> Result<()> {
        panic!("a bug in the handler");
    }
    async fn wait(&self, _: &Context, id: u32) -> Result<u32> {
        let _ = self.seen.send(Seen::Waiting(self.name.clone(), id));
        self.release.notified().await;
        Ok(id)
    }
    async fn wait_briefly(&self, _: &Context) -> Result<()> {
        std::future::pending().await
    }
    async fn note(&self, _: &Context, n: u32) -> Result<()> {
        let _ = self.seen.send(Seen::Note(self.name.clone(), n));
        Ok(())
    }
    async fn note_all(&self, ctxt: &Context, n: u32) -> Result<()> {
        self.note(ctxt, n).await
    }
}

/// Servers, and the requests that they saw.
struct Bench {
    transport: Transport,
    topic: String,
    sender: mpsc::UnboundedSender<Seen>,
    seen: mpsc::UnboundedReceiver<Seen>,
    release: Arc<Notify>,
}

impl Bench {
    fn new(world: &World) -> Self {
        let (sender, seen) = mpsc::unbounded_channel();
        Self {
            transport: world.transport(),
            topic: world.topic.clone(),
            sender,
            seen,
            release: Arc::default(),
        }
    }

    fn shelves(&self, name: &str) -> StockEndpoint<Shelves> {
        StockEndpoint::new(Shelves {
            name: name.into(),
            seen: self.sender.clone(),
            release: self.release.clone(),
        })
    }

    async fn serve(&self, name: &str, concurrency: usize) -> Server {
        Server::builder(&self.transport, name)
            .topic(&self.topic)
            .endpoint(self.shelves(name))
            .concurrency(concurrency)
            .start()
            .await
            .unwrap()
    }

    async fn next(&mut self) -> Seen {
        self.seen.recv().await.unwrap()
    }

    /// Fails if a server has seen a request that the test has not taken. Call it when the servers have seen all requests
    /// that were sent.
    fn assert_nothing_more(&mut self) {
        assert_eq!(self.seen.try_recv().ok(), None);
    }
}

fn client(world: &World) -> StockClient {
    StockClient::new(&world.transport(), &world.topic)
}

fn ctxt() -> Context {
    Context::new().with_request_id("req-1")
}

fn remote<T: std::fmt::Debug>(result: Result<T>) -> RemoteError {
    match result.unwrap_err() {
        Error::Remote(remote) => *remote,
        other => panic!("no remote error: {other:?}"),
    }
}
