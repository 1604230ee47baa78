//! The service for tests of single faults: it returns the size of its argument, or a text of a given size.

use rpc_runtime::{CallOptions, Context, Result, Server, Transport, rpc_client};

/// The methods of the service.
#[rpc_client(topic = "echo", version = "1.0")]
pub trait Echo {
    /// Returns the number of bytes of `data`.
    async fn size(&self, ctxt: &Context, data: String) -> Result<usize>;

    /// Takes `data`, one way.
    #[rpc(cast)]
    async fn note(&self, ctxt: &Context, data: String) -> Result<()>;

    /// Returns a text of `bytes` bytes.
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

    /// Stops it in an orderly way.
    pub async fn stop(self) {
        self.server.stop().await;
        self.transport.close().await;
    }

    /// Its two parts, for tests of the stop of a server.
    pub fn into_parts(self) -> (Server, Transport) {
        (self.server, self.transport)
    }
}

/// A client of the service at an exchange and a topic.
#[must_use]
pub fn client(transport: &Transport, exchange: &str, topic: &str) -> EchoClient {
    EchoClient::new(transport).prepare(CallOptions::new().exchange(exchange).topic(topic))
}
