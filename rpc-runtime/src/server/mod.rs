//! Servers: a [`Server`] listens on one topic and runs the requests that arrive.
//!
//! The transport acknowledges a request when a permit for it is free, and only then hands it to the server.
//! So a request runs at most once. A request that waits for a permit is unacknowledged. If this server stops or loses
//! its connection, the broker requeues the request for other servers.
//!
//! A [`Middleware`] may wrap the handling of each request.

// The task in `listen` owns the listener and the running requests. A server must not depend on connections or queues,
// which the transport owns.

mod arena;
mod builder;
mod dispatch;
mod duplicates;
mod endpoint;
mod extensions;
mod heartbeats;
mod incoming_request;
mod invocation;
mod middleware;
mod panics;
mod ping;
mod raw_argument;
mod reply;
mod request;
mod running;
mod scope;
mod state;
mod stop_report;
mod untyped_endpoint;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use self::request::Service;
use self::running::Running;
use self::state::Phase;
use crate::Target;
use crate::transport::Listener;

pub use self::builder::ServerBuilder;
pub use self::endpoint::Endpoint;
pub use self::extensions::{Extensions, extension};
pub use self::incoming_request::{IncomingRequest, Response};
pub use self::invocation::{Invocation, Outcome};
pub use self::middleware::{Middleware, Next};
pub use self::raw_argument::RawArgument;
pub use self::scope::Scope;
pub use self::state::{ServerHandle, ServerState};
pub use self::stop_report::StopReport;
pub use self::untyped_endpoint::UntypedEndpoint;
pub use crate::future::BoxFuture;

/// How long [`Server::stop`] waits for running requests.
const DEFAULT_STOP: Duration = Duration::from_secs(60);

/// A running server: oslo.messaging's `RPCServer`.
///
/// Each request runs in its own task. On a current-thread runtime, a request gets a task only when it first
/// waits. A handler must not block its thread: move long computations to `tokio::task::spawn_blocking`.
///
/// Dropping the server stops it in the background, as [`Server::stop`] does.
///
/// ```
/// use rpc_runtime::{Endpoint, Result, Server, Transport};
///
/// async fn serve(transport: &Transport, inventory: impl Endpoint) -> Result<()> {
///     let server = Server::builder(transport, "rack-7")
///         .endpoint(inventory)
///         .concurrency(16)
///         .start()
///         .await?;
///     // … until the program ends
///     server.stop().await;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
#[must_use = "a server stops when dropped"]
pub struct Server {
    target: Target,
    stop: watch::Sender<Option<Duration>>,
    handle: ServerHandle,
    listening: JoinHandle<StopReport>,
}

impl Server {
    /// The target that the server listens on: exchange, topic and server name.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The current state of the server. A readiness probe succeeds while [`ServerState::is_listening`] is
    /// true.
    #[must_use]
    pub fn state(&self) -> ServerState {
        self.handle.state()
    }

    /// Waits until the state differs from `seen`, and returns it; see [`ServerHandle::state_changed`].
    pub async fn state_changed(&self, seen: &ServerState) -> ServerState {
        self.handle.state_changed(seen).await
    }

    /// A handle that observes the server's state and does not own the server.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    /// Waits until the server ends without a stop, because its transport was closed. Dropping the future has
    /// no effect.
    pub async fn ended(&self) {
        self.stop.closed().await;
    }

    /// Serves until `until` completes or the transport is closed. Then stops as [`Server::stop`] does.
    ///
    /// Dropping the future stops the server in the background.
    ///
    /// ```no_run
    /// # async fn serve(server: rpc_runtime::Server) {
    /// server.run_until(tokio::signal::ctrl_c()).await;
    /// # }
    /// ```
    pub async fn run_until(self, until: impl Future) -> StopReport {
        tokio::select! {
            _ = until => {}
            () = self.handle.stopping() => {}
        }
        self.stop().await
    }

    /// Stops the server as [`Server::stop_within`] does, with a limit of one minute.
    pub async fn stop(self) -> StopReport {
        self.stop_within(DEFAULT_STOP).await
    }

    /// Stops accepting requests, requeues prefetched requests that were not acknowledged, and waits for the
    /// running requests and their replies. After `limit`, running requests are cancelled at their current
    /// await. The report has their number.
    ///
    /// Dropping the future does not cancel the stop.
    pub async fn stop_within(self, limit: Duration) -> StopReport {
        self.stop.send_replace(Some(limit));
        self.listening.await.unwrap_or_default()
    }
}

/// Spawns the task of a server, which runs the requests of `listener`.
fn spawn(target: Target, listener: Box<dyn Listener>, service: Service) -> Server {
    let (stop, stopped) = watch::channel(None);
    let (phase, phases) = watch::channel(Phase::Serving);
    let handle = ServerHandle::new(phases, listener.state());
    let listening = tokio::spawn(listen(listener, Arc::new(service), stopped, phase));
    Server {
        target,
        stop,
        handle,
        listening,
    }
}

/// Runs requests until a stop or until the transport is closed. Then waits for the running requests.
async fn listen(
    listener: Box<dyn Listener>,
    service: Arc<Service>,
    mut stopped: watch::Receiver<Option<Duration>>,
    phase: watch::Sender<Phase>,
) -> StopReport {
    let mut running = Running::new(service.clone());
    // Drop order matters: the listener must be dropped before `running`. Otherwise permits that dropped
    // requests free would let the listener acknowledge new requests.
    let mut listener = listener;
    tokio::select! {
        biased;
        // First, so that a stream of requests cannot starve a stop. An error means that the server was
        // dropped, which is a stop, too.
        _ = stopped.wait_for(Option::is_some) => {}
        () = running.run_all(&mut *listener) => {
            tracing::warn!(server = %service.target, "the server ends: its transport was closed");
        }
    }
    // Counted before the state shows the stop, so that the report includes every request that finishes after an
    // observer has seen the stop.
    let before = running.finished();
    phase.send_replace(Phase::Stopping(Instant::now()));
    let orderly = async {
        listener.close().await;
        // These requests are acknowledged, so no other server will run them.
        running.run_all(&mut *listener).await;
        running.ended().await;
        listener.settled().await;
    };
    let limit = async {
        // If the transport was closed first, a stop may set the limit later.
        let limit = match stopped.wait_for(Option::is_some).await {
            Ok(limit) => limit.unwrap_or(DEFAULT_STOP),
            Err(_) => DEFAULT_STOP,
        };
        // From here, running requests have this long to finish.
        sleep(limit).await;
    };
    let is_orderly = tokio::select! {
        biased;
        () = orderly => true,
        () = limit => false,
    };
    let mut cut_off = 0;
    if !is_orderly {
        cut_off = running.cut_off(&mut *listener).await;
        if cut_off == 0 {
            tracing::warn!(server = %service.target, "stopped before the broker had all replies");
        } else {
            tracing::warn!(server = %service.target, unfinished = cut_off, "requests were cut off by the stop");
        }
    }
    StopReport {
        finished: running.finished() - before,
        cut_off,
        given_back: listener.given_back(),
    }
}
