//! tarpc as in its documentation: a task for each request on the server, default settings.

use futures_util::StreamExt;
use tarpc::context;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Json;
use tarpc::tokio_util::codec::{Framed, LengthDelimitedCodec};
use tarpc::{ClientMessage, Response, Transport};

use crate::Result;
use crate::load::Client;
use crate::peer::{self, Handled};

#[tarpc::service]
trait Echo {
    async fn echo(text: String) -> String;
}

#[derive(Clone)]
struct Echoes(Handled);

impl Echo for Echoes {
    async fn echo(self, _: context::Context, text: String) -> String {
        self.0.one_more();
        text
    }
}

impl Client for EchoClient {
    async fn call(&self, text: &str) -> Result<usize> {
        let reply = Self::echo(self, context::current(), text.to_owned()).await?;
        Ok(reply.len())
    }
}

/// The capacity of a stream in memory, in bytes.
const STREAM: usize = 64 * 1024;

/// A caller of a server in this process. Messages are passed on without serialisation.
pub(crate) fn pair() -> impl Client {
    let (near, far) = tarpc::transport::channel::unbounded();
    serve(far, Handled::default());
    EchoClient::new(tarpc::client::Config::default(), near).spawn()
}

/// A caller of a server in this process. Messages are JSON on a stream in memory.
fn json_pair() -> impl Client {
    let (near, far) = tokio::io::duplex(STREAM);
    let framed = |stream| Framed::new(stream, LengthDelimitedCodec::new());
    let far = tarpc::serde_transport::new(framed(far), Json::default());
    serve(far, Handled::default());
    let near = tarpc::serde_transport::new(framed(near), Json::default());
    EchoClient::new(tarpc::client::Config::default(), near).spawn()
}

/// Serves the requests of one connection.
fn serve<T>(connection: T, handled: Handled)
where
    T: Transport<Response<EchoResponse>, ClientMessage<EchoRequest>> + Send + 'static,
    T::TransportError: Send + Sync,
{
    let requests = BaseChannel::with_defaults(connection).execute(Echoes(handled).serve());
    tokio::spawn(requests.for_each(|request| async {
        tokio::spawn(request);
    }));
}

pub(crate) async fn in_process() -> Result<()> {
    peer::drive(pair()).await
}

pub(crate) async fn in_process_json() -> Result<()> {
    peer::drive(json_pair()).await
}

pub(crate) async fn server() -> Result<()> {
    let mut incoming = tarpc::serde_transport::tcp::listen("127.0.0.1:0", Json::default).await?;
    let address = incoming.local_addr().to_string();
    let handled = Handled::default();
    let echoes = handled.clone();
    tokio::spawn(async move {
        while let Some(Ok(connection)) = incoming.next().await {
            serve(connection, echoes.clone());
        }
    });
    peer::serve(&address, handled).await
}

pub(crate) async fn client(address: &str) -> Result<()> {
    let connection = tarpc::serde_transport::tcp::connect(address, Json::default).await?;
    peer::drive(EchoClient::new(tarpc::client::Config::default(), connection).spawn()).await
}
