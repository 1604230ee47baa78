//! This library: typed on both ends, all guarantees, default settings.

use rpc_runtime::{CallOptions, Context, Result as RpcResult, Server, Transport, rpc_client};

use crate::Result;
use crate::load::Client;
use crate::peer::{self, Handled};

/// The topic of the contender without a subscriber.
pub(crate) const TOPIC: &str = "bench";
/// The topic of the contender with a subscriber, which runs at the same time on the same broker.
pub(crate) const TOPIC_WITH_SPANS: &str = "bench-spans";

#[rpc_client(topic = "bench", version = "1.0")]
trait Echo {
    async fn echo(&self, ctxt: &Context, text: &str) -> RpcResult<String>;

    #[rpc(cast)]
    async fn note(&self, ctxt: &Context, text: &str) -> RpcResult<()>;
}

struct Echoes(Handled);

impl Echo for Echoes {
    async fn echo(&self, _: &Context, text: &str) -> RpcResult<String> {
        self.0.one_more();
        Ok(text.to_owned())
    }

    async fn note(&self, _: &Context, _: &str) -> RpcResult<()> {
        self.0.one_more();
        Ok(())
    }
}

#[derive(Clone)]
pub(crate) struct Caller {
    client: EchoClient,
    /// Each request has a user, as in a service.
    context: Context,
}

impl Caller {
    fn new(transport: &Transport, topic: &str) -> Self {
        Self {
            client: EchoClient::new(transport).prepare(CallOptions::new().topic(topic)),
            context: Context::new()
                .with_request_id("req-3a5bd0e2-6d17-4f14-9c6d-0bc1e0f8a1f4")
                .with_user("alice"),
        }
    }
}

impl Client for Caller {
    async fn call(&self, text: &str) -> Result<usize> {
        Ok(self.client.echo(&self.context, text).await?.len())
    }

    async fn call_through(&self, text: &str) -> Result<usize> {
        let call = self.client.echo(&self.context, text).resend(true);
        Ok(call.await?.len())
    }

    async fn cast(&self, text: &str) -> Result<()> {
        Ok(self.client.note(&self.context, text).await?)
    }
}

async fn start(transport: &Transport, topic: &str, handled: Handled) -> Result<Server> {
    let endpoint = EchoEndpoint::new(Echoes(handled));
    let server = Server::builder(transport, "one")
        .override_topic(topic)
        .endpoint(endpoint);
    Ok(server.start().await?)
}

pub(crate) async fn server(url: &str, topic: &str) -> Result<()> {
    let transport = Transport::new(url)?;
    let handled = Handled::default();
    let server = start(&transport, topic, handled.clone()).await?;
    peer::serve("-", handled).await?;
    server.stop().await;
    transport.close().await;
    Ok(())
}

pub(crate) async fn client(url: &str, topic: &str) -> Result<()> {
    let transport = Transport::new(url)?;
    peer::drive(Caller::new(&transport, topic)).await?;
    transport.close().await;
    Ok(())
}

/// A caller with a transport of its own.
pub(crate) fn caller(url: &str) -> Result<Caller> {
    Ok(Caller::new(&Transport::new(url)?, TOPIC))
}

/// A server in this process, and a caller of it.
pub(crate) async fn pair() -> Result<(Server, impl Client)> {
    let transport = Transport::new("memory://")?;
    let server = start(&transport, TOPIC, Handled::default()).await?;
    Ok((server, Caller::new(&transport, TOPIC)))
}

pub(crate) async fn in_process() -> Result<()> {
    let (server, caller) = pair().await?;
    peer::drive(caller).await?;
    server.stop().await;
    Ok(())
}
