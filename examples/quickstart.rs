//! A service and its client in one file: a call, a cast, a fanout, a refused version, a remote error.
//!
//! ```text
//! cargo run --example quickstart
//! RPC_TRANSPORT_URL=rabbit://guest:guest@localhost:5672/ cargo run --example quickstart
//! ```
//!
//! The first command uses the in-memory transport, the second RabbitMQ. Nothing else differs.
//! `docker run --rm -p 5672:5672 rabbitmq:4.0` starts a broker to try with.

use rpc_runtime::{
    CallOptions, Context, Error, RemoteError, Result, Server, Transport, rpc_client,
};
use tokio::sync::mpsc;

/// The interface: what the client calls and the server implements.
#[rpc_client(topic = "quickstart", version = "1.0")]
trait Greeter {
    /// Waits for the reply.
    async fn greet(&self, ctxt: &Context, name: &str) -> Result<String>;

    /// Needs servers of 1.2 or later.
    #[rpc(version = "1.2")]
    async fn greet_all(&self, ctxt: &Context, names: &[String]) -> Result<Vec<String>>;

    /// One way: returns when the broker has accepted the message.
    #[rpc(cast)]
    async fn remember(&self, ctxt: &Context, name: &str) -> Result<()>;

    /// One way, to every server.
    #[rpc(cast, fanout)]
    async fn forget(&self, ctxt: &Context) -> Result<()>;
}

struct Polite {
    server: &'static str,
    done: mpsc::UnboundedSender<String>,
}

impl Greeter for Polite {
    async fn greet(&self, ctxt: &Context, name: &str) -> Result<String> {
        if name.is_empty() {
            return Err(RemoteError::new("NoName", "whom shall I greet?").into());
        }
        let user = ctxt.user().unwrap_or("nobody");
        Ok(format!("{} greets {name} for {user}", self.server))
    }

    async fn greet_all(&self, ctxt: &Context, names: &[String]) -> Result<Vec<String>> {
        let mut greetings = Vec::new();
        for name in names {
            greetings.push(self.greet(ctxt, name).await?);
        }
        Ok(greetings)
    }

    async fn remember(&self, _: &Context, name: &str) -> Result<()> {
        self.report(format!("{} remembers {name}", self.server))
    }

    async fn forget(&self, _: &Context) -> Result<()> {
        self.report(format!("{} forgets everything", self.server))
    }
}

impl Polite {
    fn report(&self, what: String) -> Result<()> {
        let gone = |_| Error::new_remote("Unheard", "nobody listens any more");
        self.done.send(what).map_err(gone)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let url = std::env::var("RPC_TRANSPORT_URL");
    let transport = Transport::new(url.as_deref().unwrap_or("memory://"))?;

    let (done, mut reports) = mpsc::unbounded_channel();
    let mut servers = Vec::new();
    for server in ["anna", "bert"] {
        let endpoint = GreeterEndpoint::new(Polite {
            server,
            done: done.clone(),
        });
        let builder = Server::builder(&transport, server).endpoint(endpoint);
        servers.push(builder.start().await?);
    }

    let greeter = GreeterClient::new(&transport);
    let ctxt = Context::new().with_request_id("req-1").with_user("alice");

    println!("call:      {}", greeter.greet(&ctxt, "world").await?);
    println!("again:     {}", greeter.greet(&ctxt, "world").await?);
    println!(
        "directed:  {}",
        greeter.greet(&ctxt, "world").server("bert").await?
    );

    greeter.remember(&ctxt, "world").await?;
    println!("cast:      {}", reports.recv().await.unwrap_or_default());

    greeter.forget(&ctxt).await?;
    for _ in &servers {
        println!("fanout:    {}", reports.recv().await.unwrap_or_default());
    }

    // While old servers run, a cap ensures that they get no newer messages.
    let careful = greeter.prepare(CallOptions::new().version_cap((1, 1)));
    match careful.greet_all(&ctxt, &["world".to_owned()]).await {
        Err(error @ Error::VersionCap { .. }) => println!("refused:   {error}"),
        other => println!("unexpected: {other:?}"),
    }

    match greeter.greet(&ctxt, "").await {
        Err(Error::Remote(error)) => println!("remote:    {} says {}", error.class, error.message),
        other => println!("unexpected: {other:?}"),
    }

    for server in servers {
        server.stop().await;
    }
    transport.close().await;
    Ok(())
}
