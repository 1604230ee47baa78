//! The server: listens for one topic, and runs what arrives.
//!
//! The transport takes a request when there is a permit for it, and hands it over once it is taken: so it runs at
//! most once, and what waits for a permit is still the broker's to give to another server.

mod dispatch;
mod duplicates;
mod request;
mod running;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::endpoint::Endpoint;
use crate::serializer::Serializer;
use crate::transport::{ListenTerms, Listener, Transport};
use crate::{DEFAULT_MAX_MESSAGE_SIZE, Error, Result, Target};

use dispatch::{Dispatcher, Ping};
use duplicates::Duplicates;
use request::Service;
use running::Running;

/// How many requests run at once by default: oslo.messaging's `executor_thread_pool_size`.
const DEFAULT_CONCURRENCY: usize = 64;

/// How many requests may wait here for a permit: enough for the broker to keep a busy server busy.
const MOST_WAITING: u16 = 64;

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
///     let server = Server::builder(transport, "inventory", "rack-7")
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
    listening: JoinHandle<usize>,
}

impl Server {
    /// A server called `name` on `topic`, with its settings to be chosen.
    ///
    /// The name is what clients direct messages to; servers of one topic need different ones.
    pub fn builder(
        transport: &Transport,
        topic: impl Into<String>,
        name: impl Into<String>,
    ) -> ServerBuilder {
        ServerBuilder {
            transport: transport.clone(),
            target: Target::new(topic).server(name),
            endpoints: Vec::new(),
            serializer: None,
            concurrency: DEFAULT_CONCURRENCY,
            max_request_size: DEFAULT_MAX_MESSAGE_SIZE,
            ping: false,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Waits until the server has ended by itself, because its transport was closed.
    pub async fn ended(&self) {
        self.stop.closed().await;
    }

    /// Stops taking requests, and finishes what runs: for a minute at most, as
    /// [`Server::stop_within`].
    pub async fn stop(self) -> usize {
        self.stop_within(DEFAULT_STOP).await
    }

    /// Stops taking requests, gives back to the broker what was not taken, and finishes the rest, replies
    /// included. What still runs after `limit` is cut off where it stands: how many, is returned.
    ///
    /// Dropping the future does not call the stopping off.
    pub async fn stop_within(self, limit: Duration) -> usize {
        self.stop.send_replace(Some(limit));
        self.listening.await.unwrap_or(0)
    }
}

/// Chooses a server's settings.
#[must_use = "a builder does nothing until `start`"]
pub struct ServerBuilder {
    transport: Transport,
    target: Target,
    endpoints: Vec<Box<dyn Endpoint>>,
    serializer: Option<Box<dyn Serializer>>,
    concurrency: usize,
    max_request_size: usize,
    ping: bool,
}

impl ServerBuilder {
    /// Adds an endpoint. A request goes to the first whose namespace and version take it and that has
    /// the method.
    pub fn endpoint(mut self, endpoint: impl Endpoint) -> Self {
        self.endpoints.push(Box::new(endpoint));
        self
    }

    /// The exchange to listen at. Defaults to [`DEFAULT_EXCHANGE`](crate::DEFAULT_EXCHANGE).
    pub fn exchange(mut self, exchange: impl Into<String>) -> Self {
        self.target.exchange = Some(exchange.into());
        self
    }

    /// How many requests run at once. Of each of its queues as many more, 64 at most, may wait here,
    /// unacknowledged: they go to other servers when this one ends. All others stay with the broker. Defaults to 64, as in
    /// oslo.messaging.
    pub fn concurrency(mut self, limit: usize) -> Self {
        self.concurrency = limit;
        self
    }

    /// How large a request may be, in bytes, as it comes over the wire; what is larger is not run. Its
    /// caller, if there is one, gets a `ValueError`. Defaults to
    /// [`DEFAULT_MAX_MESSAGE_SIZE`](crate::DEFAULT_MAX_MESSAGE_SIZE).
    pub fn max_request_size(mut self, bytes: usize) -> Self {
        self.max_request_size = bytes;
        self
    }

    /// Answers `oslo_rpc_server_ping`, as oslo.messaging does with `rpc_ping_enabled`. Defaults to
    /// no.
    pub fn ping(mut self, enabled: bool) -> Self {
        self.ping = enabled;
        self
    }

    /// A hook that rewrites entities and contexts. Defaults to none.
    pub fn serializer(mut self, serializer: impl Serializer) -> Self {
        self.serializer = Some(Box::new(serializer));
        self
    }

    /// Starts to listen; done when requests would arrive.
    ///
    /// It waits for the broker as long as it takes. A dropped future leaves nothing running.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for settings that cannot work; what the broker refuses.
    pub async fn start(self) -> Result<Server> {
        let Self {
            transport,
            target,
            mut endpoints,
            serializer,
            concurrency,
            max_request_size,
            ping,
        } = self;
        if target.topic.is_empty() || target.server.as_deref().is_none_or(str::is_empty) {
            return Err(Error::Config("a server needs a topic and a name".into()));
        }
        if endpoints.is_empty() && !ping {
            return Err(Error::Config(format!(
                "the server {target} has no endpoint: add one with `endpoint`"
            )));
        }
        if concurrency == 0 {
            return Err(Error::Config(format!(
                "the server {target} would run no request: allow at least one at once"
            )));
        }
        if ping {
            endpoints.push(Box::new(Ping));
        }
        let prefetch =
            u16::try_from(concurrency).map_or(MOST_WAITING, |limit| limit.min(MOST_WAITING));
        let driver = transport.driver();
        let terms = ListenTerms::new(concurrency, prefetch);
        let listener = driver.listen(&target, &terms).await?;
        let service = Arc::new(Service {
            target: target.clone(),
            dispatcher: Dispatcher::new(endpoints),
            serializer,
            max_request_size,
            duplicates: Mutex::new(Duplicates::new()),
        });
        let (stop, stopped) = watch::channel(None);
        let listening = tokio::spawn(listen(listener, service, stopped));
        Ok(Server {
            target,
            stop,
            listening,
        })
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            transport,
            target,
            endpoints,
            serializer,
            concurrency,
            max_request_size,
            ping,
        } = self;
        f.debug_struct("ServerBuilder")
            .field("transport", transport)
            .field("target", target)
            .field("endpoints", endpoints)
            .field("serializer", serializer)
            .field("concurrency", concurrency)
            .field("max_request_size", max_request_size)
            .field("ping", ping)
            .finish()
    }
}

/// Runs requests until told to stop, or until the transport ends; then finishes what runs. Gives the
/// number of requests that had to be cut off.
async fn listen(
    listener: Box<dyn Listener>,
    service: Arc<Service>,
    mut stopped: watch::Receiver<Option<Duration>>,
) -> usize {
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
    tokio::select! {
        biased;
        () = orderly => return 0,
        () = limit => {}
    }
    let unfinished = running.cut_off(&mut *listener).await;
    if unfinished == 0 {
        tracing::warn!(server = %service.target, "stopped before the broker had all replies");
    } else {
        tracing::warn!(server = %service.target, unfinished, "requests were cut off by the stop");
    }
    unfinished
}
