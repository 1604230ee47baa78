//! Serving: a [`Server`] listens on one topic, and runs the requests that arrive.
//!
//! The transport acknowledges a request when a permit for it is free, and then hands it over. So a request runs at most
//! once, and a request that waits for a permit stays in the broker, which can give it to another server.
//!
//! A [`Middleware`] may stand around the handling of each request.

mod arena;
mod builder;
mod dispatch;
mod duplicates;
mod endpoint;
mod extensions;
mod incoming_request;
mod invocation;
mod middleware;
mod raw_argument;
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

/// How long [`Server::stop`] waits for what runs.
const DEFAULT_STOP: Duration = Duration::from_secs(60);

/// A running server: oslo.messaging's `RPCServer`.
///
/// Each request runs as a task of its own; on a runtime of one thread, once it has to wait. A handler must not
/// block its thread: what computes for long goes to `tokio::task::spawn_blocking`.
///
/// Dropping it stops it as [`Server::stop`] does, in the background.
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
///     // … until it is time to go
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
    /// Where it listens.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How the server is: for a readiness probe, which is ready while [`ServerState::is_listening`].
    #[must_use]
    pub fn state(&self) -> ServerState {
        self.handle.state()
    }

    /// Waits until the server's state is another than `seen`: see [`ServerHandle::state_changed`].
    pub async fn state_changed(&self, seen: &ServerState) -> ServerState {
        self.handle.state_changed(seen).await
    }

    /// Tells how the server is, for those who do not own it.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    /// Waits until the server has ended by itself, because its transport was closed.
    pub async fn ended(&self) {
        self.stop.closed().await;
    }

    /// Serves until `until` ends, or the transport is closed; then stops as [`Server::stop`] does.
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
            () = self.ended() => {}
        }
        self.stop().await
    }

    /// Stops taking requests, and finishes what runs: for a minute at most, as
    /// [`Server::stop_within`].
    pub async fn stop(self) -> StopReport {
        self.stop_within(DEFAULT_STOP).await
    }

    /// Stops taking requests, gives back to the broker what was not taken, and finishes the rest, replies
    /// included. What still runs after `limit` is cut off where it stands. The report says how many requests that were.
    ///
    /// Dropping the future does not call the stopping off.
    pub async fn stop_within(self, limit: Duration) -> StopReport {
        self.stop.send_replace(Some(limit));
        self.listening.await.unwrap_or_default()
    }
}

/// A server called `target` that runs what `listener` gives it.
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

/// Runs requests until told to stop, or until the transport ends; then finishes what runs.
async fn listen(
    listener: Box<dyn Listener>,
    service: Arc<Service>,
    mut stopped: watch::Receiver<Option<Duration>>,
    phase: watch::Sender<Phase>,
) -> StopReport {
    let mut running = Running::new(service.clone());
    // Drop order matters: the listener goes first, or freed permits pull in new requests.
    let mut listener = listener;
    tokio::select! {
        biased;
        // First, so that no stream of requests hides a stop. An error is a server that was dropped: it stops, too.
        _ = stopped.wait_for(Option::is_some) => {}
        () = running.run_all(&mut *listener) => {
            tracing::warn!(server = %service.target, "the server ends: its transport was closed");
        }
    }
    phase.send_replace(Phase::Stopping(Instant::now()));
    let before = running.finished();
    let orderly = async {
        listener.close().await;
        // Requests that were taken are for no other server.
        running.run_all(&mut *listener).await;
        running.ended().await;
        listener.settled().await;
    };
    let limit = async {
        // It may be set now, or later if the transport was closed first.
        let limit = match stopped.wait_for(Option::is_some).await {
            Ok(limit) => limit.unwrap_or(DEFAULT_STOP),
            Err(_) => DEFAULT_STOP,
        };
        // The requests that run have this long to end by themselves.
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
