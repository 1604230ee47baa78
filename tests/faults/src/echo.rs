//! The service that tests of single faults call: it measures what it gets, and makes what it is asked for.

use rpc_runtime::{CallOptions, Context, Result, Server, Transport, rpc_client};

/// What the service does.
#[rpc_client(topic = "echo", version = "1.0")]
pub trait Echo {
    /// How many bytes `data` has.
    async fn size(&self, ctxt: &Context, data: String) -> Result<usize>;

    /// Takes `data`, one way.
    #[rpc(cast)]
    async fn note(&self, ctxt: &Context, data: String) -> Result<()>;

    /// A text of so many bytes.
    async fn make(&self, ctxt: &Context, bytes: usize) -> Result<String>;
}

struct Echoes;

impl Echo for Echoes {
    async fn size(&self, _: &Context, data: String) -> Result<usize> {
        Ok(data.len())
    }

    async fn note(&self, _: &Context, _: String) -> Result<()> {
        Ok(())
    }

    async fn make(&self, _: &Context, bytes: usize) -> Result<String> {
        Ok("x".repeat(bytes))
    }
}

/// A server of the service, on a transport of its own.
#[derive(Debug)]
pub struct EchoServer {
    server: Server,
    transport: Transport,
}

impl EchoServer {
    /// Starts a server of `topic` at an exchange.
    pub async fn start(url: &str, exchange: &str, topic: &str) -> Result<Self> {
        let transport = Transport::new(url)?;
        let server = Server::builder(&transport, "echo")
            .override_topic(topic)
            .exchange(exchange)
            .endpoint(EchoEndpoint::new(Echoes))
            .start()
            .await?;
        Ok(Self { server, transport })
    }

    /// Stops it in good order.
    pub async fn stop(self) {
        self.server.stop().await;
        self.transport.close().await;
    }

    /// Its two parts, for tests of how a server stops.
    pub fn into_parts(self) -> (Server, Transport) {
        (self.server, self.transport)
    }
}

/// A client of the service at an exchange's topic.
#[must_use]
pub fn client(transport: &Transport, exchange: &str, topic: &str) -> EchoClient {
    EchoClient::new(transport).prepare(CallOptions::new().exchange(exchange).topic(topic))
}
