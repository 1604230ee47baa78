//! The Rust side: the interface of `python/server.py` as traits, and a server with the same behaviour.

use std::time::Duration;

use rpc_runtime::wire::{Reply, Request};
use rpc_runtime::{Context, RemoteError, Result, RpcClient, Server, Target, Transport, rpc_client};
use rpc_tests::{Captured, PATIENCE, broker_url};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// The interface of `python/server.py`.
#[rpc_client(topic = "test", version = "2.0")]
pub(crate) trait Peer {
    async fn test(&self, ctxt: &Context, arg: &Value) -> Result<Value>;
    async fn echo(&self, ctxt: &Context, arg: &str) -> Result<String>;
    async fn echo_kw(
        &self,
        ctxt: &Context,
        a: Option<u8>,
        b: bool,
        f: f64,
        big: i128,
        l: &[Value],
        d: &Value,
    ) -> Result<Types>;
    async fn none(&self, ctxt: &Context) -> Result<()>;
    #[rpc(version = "2.5")]
    async fn whoami(&self, ctxt: &Context) -> Result<String>;
    async fn context(&self, ctxt: &Context) -> Result<Context>;
    async fn boom(&self, ctxt: &Context, why: &str) -> Result<()>;
    async fn kwboom(&self, ctxt: &Context) -> Result<()>;
    async fn valueerr(&self, ctxt: &Context) -> Result<()>;
    async fn slow(&self, ctxt: &Context, secs: f64) -> Result<String>;
    #[rpc(name = "grüße")]
    async fn greet(&self, ctxt: &Context, #[rpc(name = "имя")] name: &str) -> Result<String>;
}

/// The interface of its second namespace.
#[rpc_client(topic = "test", namespace = "baseapi", version = "1.0")]
pub(crate) trait BaseApi {
    async fn ping(&self, ctxt: &Context, arg: &str) -> Result<Pong>;
}

/// The result of `ping`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pong {
    pub(crate) service: String,
    pub(crate) arg: String,
}

/// The arguments of `echo_kw`, as it returns them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Types {
    pub(crate) a: Option<u8>,
    pub(crate) b: bool,
    pub(crate) f: f64,
    pub(crate) big: i128,
    pub(crate) l: Vec<Value>,
    pub(crate) d: Value,
}

/// A request that a Rust server ran.
#[derive(Debug, PartialEq)]
pub(crate) struct Ran {
    pub(crate) method: &'static str,
    pub(crate) arg: Value,
    pub(crate) context: Context,
}

/// The implementation, with the same behaviour as `python/server.py`.
#[derive(Debug)]
struct Service {
    name: String,
    ran: mpsc::UnboundedSender<Ran>,
}

impl Service {
    fn report(&self, method: &'static str, context: &Context, arg: impl Into<Value>) {
        let arg = arg.into();
        let context = context.clone();
        // The test may have ended.
        let _ = self.ran.send(Ran {
            method,
            arg,
            context,
        });
    }
}

pub(crate) const EXCEPTIONS: &str = "rpc_test_exceptions";

impl Peer for Service {
    async fn test(&self, ctxt: &Context, arg: &Value) -> Result<Value> {
        self.report("test", ctxt, arg.clone());
        Ok(arg.clone())
    }

    async fn echo(&self, ctxt: &Context, arg: &str) -> Result<String> {
        self.report("echo", ctxt, arg.len());
        Ok(arg.to_owned())
    }

    async fn echo_kw(
        &self,
        ctxt: &Context,
        a: Option<u8>,
        b: bool,
        f: f64,
        big: i128,
        l: &[Value],
        d: &Value,
    ) -> Result<Types> {
        self.report("echo_kw", ctxt, d.clone());
        Ok(Types {
            a,
            b,
            f,
            big,
            l: l.to_vec(),
            d: d.clone(),
        })
    }

    async fn none(&self, ctxt: &Context) -> Result<()> {
        self.report("none", ctxt, ());
        Ok(())
    }

    async fn whoami(&self, ctxt: &Context) -> Result<String> {
        self.report("whoami", ctxt, ());
        Ok(self.name.clone())
    }

    async fn context(&self, ctxt: &Context) -> Result<Context> {
        self.report("context", ctxt, ());
        Ok(ctxt.clone())
    }

    async fn boom(&self, ctxt: &Context, why: &str) -> Result<()> {
        self.report("boom", ctxt, why);
        Err(RemoteError::new("Boom", why).module(EXCEPTIONS).into())
    }

    async fn kwboom(&self, ctxt: &Context) -> Result<()> {
        self.report("kwboom", ctxt, ());
        let error = RemoteError::new("KwBoom", "Flavor 7 not found");
        Err(error.module(EXCEPTIONS).kwarg("id", 7).into())
    }

    async fn valueerr(&self, ctxt: &Context) -> Result<()> {
        self.report("valueerr", ctxt, ());
        let error = RemoteError::new("ValueError", "('bad value', 3)").module("builtins");
        Err(error.args([json!("bad value"), json!(3)]).into())
    }

    async fn slow(&self, ctxt: &Context, secs: f64) -> Result<String> {
        self.report("slow", ctxt, secs);
        tokio::time::sleep(Duration::from_secs_f64(secs)).await;
        Ok("done".into())
    }

    async fn greet(&self, ctxt: &Context, name: &str) -> Result<String> {
        self.report("grüße", ctxt, name);
        Ok(format!("здравствуй, {name}"))
    }
}

#[derive(Debug)]
struct Base;

impl BaseApi for Base {
    async fn ping(&self, _ctxt: &Context, arg: &str) -> Result<Pong> {
        Ok(Pong {
            service: "x".into(),
            arg: arg.into(),
        })
    }
}

/// A Rust server with a connection of its own, and the reports of what it runs.
#[derive(Debug)]
pub(crate) struct RustServer {
    server: Server,
    transport: Transport,
    ran: mpsc::UnboundedReceiver<Ran>,
}

impl RustServer {
    pub(crate) async fn start(topic: &str, name: &str) -> Self {
        Self::start_at(None, topic, name).await
    }

    pub(crate) async fn start_at(exchange: Option<&str>, topic: &str, name: &str) -> Self {
        Self::start_with(transport(), exchange, topic, name).await
    }

    pub(crate) async fn start_on(transport: Transport, topic: &str, name: &str) -> Self {
        Self::start_with(transport, None, topic, name).await
    }

    /// Starts a server over this transport, at this exchange or the default one.
    pub(crate) async fn start_with(
        transport: Transport,
        exchange: Option<&str>,
        topic: &str,
        name: &str,
    ) -> Self {
        let (sender, ran) = mpsc::unbounded_channel();
        let service = Service {
            name: name.to_owned(),
            ran: sender,
        };
        let mut builder = Server::builder(&transport, name)
            .override_topic(topic)
            .endpoint(PeerEndpoint::new(service))
            .endpoint(BaseApiEndpoint::new(Base));
        if let Some(exchange) = exchange {
            builder = builder.exchange(exchange);
        }
        let server = builder.start().await.unwrap();
        Self {
            server,
            transport,
            ran,
        }
    }

    /// The next request that it runs.
    pub(crate) async fn ran(&mut self) -> Ran {
        let ran = tokio::time::timeout(PATIENCE, self.ran.recv()).await;
        ran.expect("a request arrives").expect("the server runs")
    }

    /// The requests that it ran and that the test has not taken yet.
    pub(crate) fn ran_so_far(&mut self) -> Vec<Ran> {
        std::iter::from_fn(|| self.ran.try_recv().ok()).collect()
    }

    pub(crate) async fn stop(self) {
        let report = self.server.stop().await;
        assert!(report.is_clean(), "{report:?}");
        self.transport.close().await;
    }
}

pub(crate) fn transport() -> Transport {
    Transport::new(&broker_url()).unwrap()
}

/// An untyped client without a version of its own.
pub(crate) fn client(transport: &Transport, topic: &str) -> RpcClient {
    RpcClient::new(transport, Target::new(topic))
}

/// A typed client.
pub(crate) fn peer(transport: &Transport, topic: &str) -> PeerClient {
    PeerClient::builder(transport).topic(topic).build().unwrap()
}

/// The parts of a captured request that a client determines.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) args: Box<RawValue>,
    pub(crate) version: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) monitor: Option<Duration>,
    pub(crate) context: Context,
    pub(crate) is_call: bool,
    /// The server that it was directed to.
    pub(crate) server: Option<String>,
}

impl Asked {
    pub(crate) fn of(captured: &Captured) -> Self {
        let text = Request::open(captured.body.as_bytes()).unwrap();
        let request = Request::parse(&text).unwrap();
        Self {
            method: request.method().to_owned(),
            args: RawValue::from_string(request.arguments().to_owned()).unwrap(),
            version: request.version().map(str::to_owned),
            namespace: request.namespace().map(str::to_owned),
            monitor: request.monitor(),
            context: request.context().unwrap(),
            is_call: request.reply_to().is_some(),
            server: captured
                .routing_key
                .split_once('.')
                .map(|(_, server)| server.to_owned()),
        }
    }
}

/// The outcome of a captured call: the JSON text of its result, or its exception.
pub(crate) fn outcome(messages: &[Captured]) -> Result<String> {
    let reply = Reply::decode(messages.last().unwrap().body.as_bytes()).unwrap();
    reply.result().map(str::to_owned)
}

/// The part of a message that does not depend on the server: a Python traceback contains file names, a `TypeError` the
/// class.
pub(crate) fn comparable(message: &str) -> &str {
    message
        .split_once(".test()")
        .map_or(message, |(_, rest)| rest)
        .trim_start_matches("test()")
}
