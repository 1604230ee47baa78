//! What a transport has to do: the traits that a driver implements.
//!
//! A driver knows exchanges, queues and connections. It knows nothing of traits, versions or types, and
//! it never looks into a message beyond what [`wire`](crate::wire) gives it.

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

/// What a transport does: implement it to carry RPC over something of your own.
///
/// Implementations of this trait, of [`Listener`] and of [`Responder`] carry the attribute
/// [`async_trait`](https://docs.rs/async-trait). A caller may drop any of their futures at any point: an implementation
/// must not leak then, and must undo what it has begun or finish it in the background.
#[async_trait]
pub trait Driver: fmt::Debug + Send + Sync + 'static {
    /// Hands over a cast; done when the broker has accepted it.
    async fn send(&self, target: &Target, request: RequestBody, terms: &SendTerms) -> Result<()>;

    /// Hands over a request and waits for its last reply. Ends no later than `terms.deadline`,
    /// whatever it waits for.
    async fn call(&self, target: &Target, request: RequestBody, terms: &CallTerms)
    -> Result<Reply>;

    /// Begins to listen as `target.server` of `target.topic`: to the topic's requests in turn with its
    /// other servers, to those directed to this server, and to fanouts. Done when requests would
    /// arrive.
    async fn listen(&self, target: &Target, terms: &ListenTerms) -> Result<Box<dyn Listener>>;

    /// What the messaging system is called in spans, as `messaging.system`. Defaults to `other`.
    fn system(&self) -> &'static str {
        "other"
    }

    /// Connects, if that takes anything; see [`Transport::connect`](crate::Transport::connect). Defaults to nothing.
    async fn connect(&self) -> Result<()> {
        Ok(())
    }

    /// How the driver's connection is. Defaults to [`TransportState::Unknown`].
    fn state(&self) -> TransportState {
        TransportState::Unknown
    }

    /// Waits until [`Driver::state`] is another than `seen`, and gives it. Defaults to waiting for ever where it is not.
    async fn state_changed(&self, seen: &TransportState) -> TransportState {
        match self.state() {
            state if state != *seen => state,
            _ => std::future::pending().await,
        }
    }

    /// Ends everything: waiting calls fail, listeners end, connections close.
    async fn close(&self);
}

/// The requests that arrive for one server.
#[async_trait]
pub trait Listener: Send {
    /// What arrives next; `None` once closed, when all that was taken has been given. A dropped future loses
    /// nothing.
    async fn next(&mut self) -> Option<Arrival>;

    /// Takes no more requests: those that were not taken go back to the broker, for other servers. Replies
    /// can still be sent.
    async fn close(&mut self);

    /// Whether requests arrive, as it is from now on: for [`Server::state`](crate::Server::state). Defaults to listening,
    /// without a change.
    fn state(&self) -> watch::Receiver<ListenerState> {
        let since = Instant::now();
        watch::channel(ListenerState::Listening { since }).1
    }

    /// Once closed: how many requests were on their way here, and went back to the broker. Defaults to none.
    fn given_back(&self) -> usize {
        0
    }

    /// Once closed: waits until all responders are gone, and the broker has the replies that were sent. There is
    /// nothing to wait for, unless a driver says otherwise.
    async fn settled(&mut self) {}
}

/// What arrives for a server.
#[derive(Debug)]
#[non_exhaustive]
pub enum Arrival {
    /// A request to be run. It is taken: no other server will get it.
    Request(Incoming),
    /// A request that must not be run: nobody can tell whether the broker knows that it was taken. If it does
    /// not, it hands it out again.
    InDoubt {
        /// The bytes of the message.
        body: Bytes,
        /// What happened.
        why: Arc<str>,
    },
}

/// A request as it arrived.
#[derive(Debug)]
#[non_exhaustive]
pub struct Incoming {
    /// The bytes of the message, or only its last bytes if it is [too large](Self::too_large).
    pub body: Bytes,
    /// The size of the message, in bytes.
    pub size: usize,
    /// The way back to where it came from.
    pub responder: Arc<dyn Responder>,
}

impl Incoming {
    /// A request of `body`, to be answered through `responder`.
    #[must_use]
    pub fn new(body: Bytes, responder: Arc<dyn Responder>) -> Self {
        Self {
            size: body.len(),
            body,
            responder,
        }
    }

    /// A request of `size` bytes, more than [`ListenTerms::max_request_size`]. Of its bytes there is only the `end`,
    /// from which the server reads who waits for a reply.
    #[must_use]
    pub fn too_large(end: Bytes, size: usize, responder: Arc<dyn Responder>) -> Self {
        Self {
            body: end,
            size,
            responder,
        }
    }
}

/// The way back of one request, held for as long as it runs.
#[async_trait]
pub trait Responder: fmt::Debug + Send + Sync {
    /// Sends a reply. Done when it is on its way, for which a connection is waited for: in the background, the
    /// driver sees to it that the broker gets it, for as long as there is the listener ([`Listener::settled`]
    /// waits for that), and keeps trying for a while when the caller's queue is gone, as the caller may be
    /// reconnecting.
    ///
    /// # Errors
    ///
    /// When the transport is closed.
    async fn reply(self: Arc<Self>, to: &ReplyTo, body: Bytes) -> Result<()>;
}
