//! tarpc, as its documentation has it: a task for each request on the server, default settings.

use futures_util::StreamExt;
use tarpc::context;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Json;

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

/// A caller of a server in this process.
pub(crate) fn pair() -> impl Client {
    let (near, far) = tarpc::transport::channel::unbounded();
    let requests = BaseChannel::with_defaults(far).execute(Echoes(Handled::default()).serve());
    tokio::spawn(requests.for_each(|request| async {
        tokio::spawn(request);
    }));
    EchoClient::new(tarpc::client::Config::default(), near).spawn()
}

pub(crate) async fn in_process() -> Result<()> {
    peer::drive(pair()).await
}

pub(crate) async fn server() -> Result<()> {
    let mut incoming = tarpc::serde_transport::tcp::listen("127.0.0.1:0", Json::default).await?;
    let address = incoming.local_addr().to_string();
    let handled = Handled::default();
    let echoes = Echoes(handled.clone());
    tokio::spawn(async move {
        while let Some(Ok(connection)) = incoming.next().await {
            let requests = BaseChannel::with_defaults(connection).execute(echoes.clone().serve());
            tokio::spawn(requests.for_each(|request| async {
                tokio::spawn(request);
            }));
        }
    });
    peer::serve(&address, handled).await
}

pub(crate) async fn client(address: &str) -> Result<()> {
    let connection = tarpc::serde_transport::tcp::connect(address, Json::default).await?;
    peer::drive(EchoClient::new(tarpc::client::Config::default(), connection).spawn()).await
}
