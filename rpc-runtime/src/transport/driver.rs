//! The traits that a driver implements.
//!
//! A driver knows exchanges, queues and connections, and owns their state. It must not know about traits, versions or
//! types. It must not look into a message, except through [`wire`](crate::wire).

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use super::state::{ListenerState, TransportState};
use super::terms::{CallTerms, ListenTerms, SendTerms};
use crate::wire::{Reply, ReplyTo, RequestBody};
use crate::{Result, Target};

/// Sends and receives messages. Implement it to carry RPC over a messaging system of your own.
///
/// Implementations of this trait, of [`Listener`] and of [`Responder`] need the attribute
/// [`async_trait`](https://docs.rs/async-trait).
///
/// A caller may drop any of the futures at any point. The implementation must then leak nothing, and must either undo
/// what it has begun or finish it in the background.
#[async_trait]
pub trait Driver: fmt::Debug + Send + Sync + 'static {
    /// Sends a cast. Returns once the broker has accepted it.
    ///
    /// # Errors
    ///
    /// [`Error::Undeliverable`](crate::Error::Undeliverable) if the message is mandatory and no queue exists for it;
    /// [`Error::Rejected`](crate::Error::Rejected) if a queue rejects it; [`Error::Refused`](crate::Error::Refused) if
    /// the broker refuses it; [`Error::Delivery`](crate::Error::Delivery) if all attempts failed;
    /// [`Error::Closed`](crate::Error::Closed) after [`close`](Self::close). [`Error`](crate::Error) has a public
    /// constructor for each of them.
    async fn send(&self, target: &Target, request: RequestBody, terms: &SendTerms) -> Result<()>;

    /// Sends a request and waits for its final reply. Returns no later than `terms.deadline`.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), and [`Error::Timeout`](crate::Error::Timeout) at the deadline, or if no heartbeat
    /// came within `terms.monitor`. A reply that contains a remote error is not an error of this function.
    async fn call(&self, target: &Target, request: RequestBody, terms: &CallTerms)
    -> Result<Reply>;

    /// Starts to listen as server `target.server` of the topic `target.topic`. The listener takes requests to the
    /// topic in turn with the topic's other servers. It also takes requests to this server, and fanouts. Returns once
    /// the listener can receive requests.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`](crate::Error::Refused) if the broker refuses to declare the server's queues;
    /// [`Error::Closed`](crate::Error::Closed) after [`close`](Self::close).
    async fn listen(&self, target: &Target, terms: &ListenTerms) -> Result<Box<dyn Listener>>;

    /// The name of the messaging system, for the span attribute `messaging.system`. Defaults to `other`.
    fn system(&self) -> &'static str {
        "other"
    }

    /// Connects now, if the driver has connections; see [`Transport::connect`](crate::Transport::connect). By default,
    /// it does nothing and succeeds.
    async fn connect(&self) -> Result<()> {
        Ok(())
    }

    /// The state of the driver's connections. Defaults to [`TransportState::Unknown`].
    fn state(&self) -> TransportState {
        TransportState::Unknown
    }

    /// Waits until [`Driver::state`] differs from `seen`, and returns it. By default, it checks once, and never
    /// completes if the state equals `seen`.
    async fn state_changed(&self, seen: &TransportState) -> TransportState {
        match self.state() {
            state if state != *seen => state,
            _ => std::future::pending().await,
        }
    }

    /// Closes the driver: calls in flight fail, listeners end, connections close.
    async fn close(&self);
}

/// The requests that arrive for one server.
#[async_trait]
pub trait Listener: Send {
    /// The next arrival. `None` once the listener is closed and everything that it took has been returned.
    ///
    /// Cancel safe: dropping the future loses no arrival.
    async fn next(&mut self) -> Option<Arrival>;

    /// Stops taking requests. Requests that were not taken go back to the broker, for other servers. Replies can
    /// still be sent.
    async fn close(&mut self);

    /// A receiver of the state, which says whether requests arrive; [`Server::state`](crate::Server::state) shows it.
    /// By default, the state is always [`ListenerState::Listening`].
    fn state(&self) -> watch::Receiver<ListenerState> {
        let since = Instant::now();
        watch::channel(ListenerState::Listening { since }).1
    }

    /// How many requests had been sent to this listener, were not taken, and went back to the broker. Final once the
    /// listener is closed. Defaults to 0.
    fn given_back(&self) -> usize {
        0
    }

    /// Waits until all responders are dropped, and no reply is in flight. Called after [`close`](Self::close). By
    /// default, it returns at once.
    async fn settled(&mut self) {}
}

/// One arrival for a server.
#[derive(Debug)]
#[non_exhaustive]
pub enum Arrival {
    /// A request to run. It was taken from the broker: no other server will get it.
    Request(Incoming),
    /// A request that must not run, since its acknowledgement may not have reached the broker. If it has not, the
    /// broker delivers the request again.
    InDoubt {
        /// The bytes of the message.
        body: Bytes,
        /// Why the acknowledgement may be lost.
        why: Arc<str>,
    },
}

/// A request as it arrived.
#[derive(Debug)]
#[non_exhaustive]
pub struct Incoming {
    /// The bytes of the message, or only its last bytes if it is [too large](Self::too_large).
    pub body: Bytes,
    /// The size of the whole message, in bytes.
    pub size: usize,
    /// Sends replies to the request's caller.
    pub responder: Arc<dyn Responder>,
}

impl Incoming {
    /// A request with this body. Its replies go through `responder`.
    #[must_use]
    pub fn new(body: Bytes, responder: Arc<dyn Responder>) -> Self {
        Self {
            size: body.len(),
            body,
            responder,
        }
    }

    /// A request of `size` bytes, more than [`ListenTerms::max_request_size`]. Only its last bytes, `end`, are present.
    /// The server finds the address for its error reply there.
    #[must_use]
    pub fn too_large(end: Bytes, size: usize, responder: Arc<dyn Responder>) -> Self {
        Self {
            body: end,
            size,
            responder,
        }
    }
}

/// Sends the replies to one request. The server holds it for as long as the request runs.
#[async_trait]
pub trait Responder: fmt::Debug + Send + Sync {
    /// Sends a reply. Waits for a connection if there is none, and returns once the reply is being sent.
    ///
    /// In the background, the driver sends the reply again if the broker has not taken it, or if that is not known. It
    /// gives up after a limited time, or when the listener is dropped. [`Listener::settled`] waits for that. If the
    /// caller's reply queue is missing, the driver retries for a limited time, since the caller may be reconnecting;
    /// [`Listener::settled`] does not wait for that.
    ///
    /// # Errors
    ///
    /// The transport is closed, or the reply could not be sent.
    async fn reply(self: Arc<Self>, to: &ReplyTo, body: Bytes) -> Result<()>;
}
