//! A server as it runs in production: configuration, logs, signals, a readiness probe, readable errors.
//!
//! ```text
//! SERVER_NAME=rack-7 RPC_TRANSPORT_URL=memory:// cargo run --example production
//! SERVER_NAME=rack-7 RPC_CONFIG_FILES=/etc/nova/nova.conf RUST_LOG=debug cargo run --example production
//! curl -i http://127.0.0.1:8080/      # in another terminal: 200 while the server is connected and listens, otherwise 503
//! kill -TERM PID                      # or ctrl-c: finishes the running requests, then exits
//! ```
//!
//! In a project of your own, it needs these dependencies:
//!
//! ```text
//! cargo add rpc-runtime --path PATH/TO/rpc-runtime --features oslo-config
//! cargo add tokio --features full
//! cargo add tracing
//! cargo add tracing-subscriber --features env-filter
//! ```
//!
//! | variable | meaning | default |
//! | --- | --- | --- |
//! | `RPC_TRANSPORT_URL` | the transport URL | none |
//! | `RPC_CONFIG_FILES` | files of oslo.config, separated by `:`, if there is no URL | none |
//! | `SERVER_NAME` | the name of the server; it must be unique among the servers of the topic | the variable `HOSTNAME`, which containers have and shells usually do not export |
//! | `READY_ADDRESS` | the address at which the readiness probe is answered; in a pod `0.0.0.0:8080`, because the kubelet connects to the pod's address | `127.0.0.1:8080` |
//! | `RUST_LOG` | the levels that are logged, as `tracing-subscriber` reads them | `info` |

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{env, fmt, io};

use rpc_runtime::oslo_config::OsloConfig;
use rpc_runtime::server::{ServerHandle, ServerState};
use rpc_runtime::{Context, Server, Transport, rpc_client};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

#[rpc_client(topic = "inventory", version = "2.0")]
trait Inventory {
    async fn size(&self, ctxt: &Context, host: &str) -> rpc_runtime::Result<usize>;
}

struct Warehouse;

impl Inventory for Warehouse {
    async fn size(&self, _: &Context, host: &str) -> rpc_runtime::Result<usize> {
        tracing::info!(host, "a host was looked up");
        Ok(host.len())
    }
}

/// Why the program ended: what failed, why, and what to do.
///
/// `main` prints the `Debug` form of its error, so that form is the text.
struct Failure(String);

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<rpc_runtime::Error> for Failure {
    fn from(error: rpc_runtime::Error) -> Self {
        Self(error.to_string())
    }
}

impl Failure {
    /// A failure whose cause does not say what the program was doing.
    fn because(failed: &str, cause: &dyn Error, remedy: &str) -> Self {
        Self(format!("{failed}: {cause}: {remedy}"))
    }
}

/// An environment variable, if it is set and not empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn log() -> Result<(), Failure> {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    let filter = filter.from_env().map_err(|error| {
        Failure::because(
            "RUST_LOG cannot be read",
            &error,
            "write a level, such as `debug`, or `TARGET=LEVEL`",
        )
    })?;
    tracing_subscriber::fmt().with_env_filter(filter).init();
    Ok(())
}

fn transport() -> Result<Transport, Failure> {
    if let Some(url) = variable("RPC_TRANSPORT_URL") {
        return Ok(Transport::new(&url)?);
    }
    if let Some(files) = variable("RPC_CONFIG_FILES") {
        return Ok(OsloConfig::from_files(files.split(':'))?.transport()?);
    }
    let text = "no broker is configured: set RPC_TRANSPORT_URL, such as to rabbit://user:password@host/, or \
                RPC_CONFIG_FILES";
    Err(Failure(text.to_owned()))
}

/// Ends at SIGTERM, which Kubernetes and systemd send, or at ctrl-c.
///
/// A signal that comes before the future is polled counts.
#[cfg(unix)]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: no new requests are taken");
    })
}

/// Ends at ctrl-c.
#[cfg(not(unix))]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
        tracing::info!("stopping: no new requests are taken");
    })
}

/// What the readiness probe depends on.
struct Health {
    transport: Transport,
    /// Absent until the server has started.
    server: OnceLock<ServerHandle>,
}

impl Health {
    /// The status of HTTP, and the reason as text. The reason contains no password.
    fn readiness(&self) -> (&'static str, String) {
        let transport = self.transport.state();
        let server = self.server.get().map(ServerHandle::state);
        let is_listening = server.as_ref().is_some_and(ServerState::is_listening);
        let status = if transport.is_connected() && is_listening {
            "200 OK"
        } else {
            "503 Service Unavailable"
        };
        let server = server.map_or_else(|| "Starting".to_owned(), |state| format!("{state:?}"));
        (status, format!("{transport:?}\n{server}\n"))
    }

    /// Answers probes for as long as the program runs. A program with an HTTP server would use that instead.
    async fn answer_probes(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((connection, _)) => {
                    let health = Arc::clone(&self);
                    tokio::spawn(async move {
                        // A peer that sends nothing must not keep the connection open.
                        let answered = timeout(Duration::from_secs(5), health.answer(connection));
                        if let Ok(Err(error)) = answered.await {
                            tracing::debug!(%error, "a probe was not answered");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a probe");
                    // With an error such as "too many open files", the next attempt would fail at once.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Answers any request in the same way.
    async fn answer(&self, mut connection: TcpStream) -> io::Result<()> {
        let (reader, mut writer) = connection.split();
        // The head ends with an empty line. A probe's head is short.
        let mut lines = BufReader::new(reader.take(8192)).lines();
        while lines
            .next_line()
            .await?
            .is_some_and(|line| !line.is_empty())
        {}
        let (status, text) = self.readiness();
        let length = text.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
        );
        writer.write_all(answer.as_bytes()).await?;
        writer.shutdown().await
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    log()?;
    let transport = transport()?;
    let name = variable("SERVER_NAME").or_else(|| variable("HOSTNAME"));
    let name = name.ok_or_else(|| {
        Failure("the server has no name: set SERVER_NAME to a name of its own".to_owned())
    })?;
    let address = variable("READY_ADDRESS").unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await.map_err(|error| {
        let failed = format!("cannot listen at {address} for the readiness probe");
        Failure::because(&failed, &error, "set READY_ADDRESS to a free address")
    })?;
    // Installed before the server starts, so that no signal is missed.
    let told_to_stop = told_to_stop().map_err(|error| {
        let remedy = "check the limits of the process";
        Failure::because("cannot wait for signals", &error, remedy)
    })?;
    let mut told_to_stop = std::pin::pin!(told_to_stop);

    // Probes are answered while the server starts, which waits for the broker.
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "the readiness probe is answered");
    }
    let health = Arc::new(Health {
        transport: transport.clone(),
        server: OnceLock::new(),
    });
    tokio::spawn(Arc::clone(&health).answer_probes(listener));

    let starting = Server::builder(&transport, name)
        .endpoint(InventoryEndpoint::new(Warehouse))
        .start();
    let server = tokio::select! {
        server = starting => server?,
        () = &mut told_to_stop => return Ok(()),
    };
    let _ = health.server.set(server.handle());
    tracing::info!(target = %server.target(), "the server has started");

    // Returns when the handlers have ended and their replies are confirmed, at most a minute after the signal.
    let report = server.run_until(told_to_stop).await;
    transport.close().await;
    tracing::info!(
        finished = report.finished,
        cut_off = report.cut_off,
        "the server has stopped"
    );
    Ok(())
}
