//! The seam between RPC and what carries it: targets and bytes go down, bytes come up.
//!
//! A driver knows exchanges, queues and connections. It knows nothing of traits, versions or types, and
//! it never looks into a message beyond what [`wire`](crate::wire) gives it.

mod memory;
#[cfg(feature = "rabbit")]
mod rabbit;
mod replies;
mod sequential_ids;
mod url;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::wire::{Reply, ReplyTo, RequestBody};
use crate::{DEFAULT_QUEUE_WAIT, Result, Retry, Target};

pub use replies::{Registration, ReplyTable};
pub use url::{Host, Secret, TransportUrl, UrlError};

/// A way to reach other programs; cheap to clone, shared by all clients and servers of a process.
///
/// Making one only parses its URL. It connects when first used, and reconnects as long as it is used.
///
/// ```
/// use rpc_runtime::Transport;
///
/// let transport = Transport::new("memory://")?;
/// # let _ = transport;
/// # Ok::<(), rpc_runtime::Error>(())
/// ```
#[derive(Clone)]
pub struct Transport {
    driver: Arc<dyn Driver>,
}

impl Transport {
    /// The transport that `url` describes; see [`TransportUrl`] for the grammar.
    ///
    /// `memory://NAME` is one broker for all transports of that name in this process. `memory://` without
    /// a name is a broker of this transport's own, shared by its clones alone. `fake://` is the one that
    /// all such URLs share, as in oslo.messaging.
    ///
    /// # Errors
    ///
    /// When the URL is malformed, names an unknown driver, or has an option that the driver does not
    /// know or cannot follow.
    pub fn new(url: &str) -> Result<Self> {
        Self::from_url(&url.parse()?)
    }

    /// The transport that a parsed URL describes.
    ///
    /// # Errors
    ///
    /// As [`Transport::new`].
    pub fn from_url(url: &TransportUrl) -> Result<Self> {
        match url.driver() {
            "memory" | "fake" => Ok(Self::from_driver(memory::MemoryDriver::new(url)?)),
            #[cfg(feature = "rabbit")]
            "rabbit" | "kombu" => Ok(Self::from_driver(rabbit::RabbitDriver::new(url)?)),
            other => Err(UrlError::unknown_driver(other).into()),
        }
    }

    /// A transport over a driver of your own.
    #[must_use]
    pub fn from_driver(driver: impl Driver) -> Self {
        Self {
            driver: Arc::new(driver),
        }
    }

    /// What does the work.
    #[must_use]
    pub fn driver(&self) -> &dyn Driver {
        &*self.driver
    }

    /// Closes the connections of all clones. Calls that wait end at once with
    /// [`Error::Closed`](crate::Error::Closed), as does each later use.
    pub async fn close(&self) {
        self.driver.close().await;
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Transport").field(&self.driver).finish()
    }
}

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

    /// Ends everything: waiting calls fail, listeners end, connections close.
    async fn close(&self);
}

/// How a message is to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendTerms {
    /// How often to try again.
    pub retry: Retry,
    /// Whether it is an error that no queue takes the message. Never so for a fanout.
    pub mandatory: bool,
    /// How long a mandatory message waits for a queue where there is none; a call, not beyond its
    /// deadline.
    pub queue_wait: Duration,
    /// Whether to send again what may have come through.
    pub resend: bool,
}

impl SendTerms {
    /// Terms for one message, which waits for its queue for [`DEFAULT_QUEUE_WAIT`] and is not sent again
    /// once it may have come through.
    #[must_use]
    pub fn new(retry: Retry, mandatory: bool) -> Self {
        Self {
            retry,
            mandatory,
            queue_wait: DEFAULT_QUEUE_WAIT,
            resend: false,
        }
    }
}

/// How a call is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallTerms {
    /// How the request is to be handed over.
    pub send: SendTerms,
    /// The time given to the call in all: for messages to people, and for the request's expiry.
    pub timeout: Duration,
    /// When that time is over.
    pub deadline: Instant,
    /// The longest silence of the server while the method runs.
    pub monitor: Option<Duration>,
}

impl CallTerms {
    /// Terms for one call whose time begins now.
    #[must_use]
    pub fn new(send: SendTerms, timeout: Duration, monitor: Option<Duration>) -> Self {
        let mut terms = Self {
            send,
            timeout,
            deadline: Instant::now(),
            monitor,
        };
        terms.begin(terms.deadline);
        terms
    }

    /// Lets the call's time begin.
    pub(crate) fn begin(&mut self, now: Instant) {
        // A timeout beyond the clock's range is a matter of decades: no practical limit.
        let century = Duration::from_secs(100 * 365 * 24 * 3600);
        let deadline = now.checked_add(self.timeout);
        self.deadline = deadline.unwrap_or_else(|| now + century);
    }
}

/// How a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenTerms {
    /// How many requests may be taken and not yet done with: a request is done with when its [`Responder`] is
    /// dropped. [`Semaphore::MAX_PERMITS`] at most.
    pub concurrency: usize,
    /// How many more may be with this server, or on their way to it, and not taken: they wait until they
    /// may be. What is beyond waits in the broker, for whichever server has room.
    pub prefetch: u16,
}

impl ListenTerms {
    /// Terms for one server.
    #[must_use]
    pub fn new(concurrency: usize, prefetch: u16) -> Self {
        Self {
            concurrency: concurrency.min(Semaphore::MAX_PERMITS),
            prefetch,
        }
    }
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
    /// The bytes of the message.
    pub body: Bytes,
    /// The way back to where it came from.
    pub responder: Arc<dyn Responder>,
}

impl Incoming {
    /// A request of `body`, to be answered through `responder`.
    #[must_use]
    pub fn new(body: Bytes, responder: Arc<dyn Responder>) -> Self {
        Self { body, responder }
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
