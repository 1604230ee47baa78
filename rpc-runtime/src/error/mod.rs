//! The error types. [`Error`] is the error of calls, casts, clients and servers. [`RemoteError`] is an error
//! that crosses the wire.
//!
//! Each text says what failed, why, and what to do.

// A text must not quote a peer at length: `excerpt` limits quotations. Drivers construct most errors and do not know the
// method's name; the client adds it. Errors are plain data.

mod class;
mod constructors;
mod stage;
mod text;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::excerpt::excerpt;
use crate::{Target, Version};
use text::{capped, method_prefix, undelivered};

pub use crate::remote::{IntoRemoteError, RemoteError};
pub use crate::url::UrlError;
pub use crate::version::ParseVersionError;
pub use stage::Stage;

/// The result of a call or a cast, unless a trait chooses its own error type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call or a cast failed, or why a client or a server could not be set up.
///
/// Clones are cheap and share their causes, because one broken connection fails many calls.
///
/// The text says what failed, why, and what to do. It contains the text of the
/// [source](std::error::Error::source), if there is one. `Debug` writes the same text, so that a program
/// whose `main` returns the error prints it.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The time limit of a call was reached.
    #[error(
        "{}no reply from {target} within {timeout:?}: the time ran out while waiting for {waiting_for}; {}",
        method_prefix(.method.as_deref()), .waiting_for.advice()
    )]
    #[non_exhaustive]
    Timeout {
        /// The method's name on the wire. `None` if the error is not of a client's call or cast.
        method: Option<Box<str>>,
        /// The target of the call.
        target: Box<Target>,
        /// The time limit: the monitor's if `waiting_for` is [`Stage::Heartbeat`], otherwise the call's
        /// timeout.
        timeout: Duration,
        /// What the call was waiting for.
        waiting_for: Stage,
    },

    /// All attempts to send the message failed. `maybe_delivered` tells whether the broker may have accepted
    /// it nevertheless.
    #[error(
        "{}{}",
        method_prefix(.method.as_deref()),
        undelivered(.target, *.attempts, .reason, *.maybe_delivered)
    )]
    #[non_exhaustive]
    Delivery {
        /// The method's name on the wire. `None` if the error is not of a client's call or cast.
        method: Option<Box<str>>,
        /// The target of the message.
        target: Box<Target>,
        /// The number of attempts.
        attempts: u32,
        /// Why the last attempt failed.
        reason: Arc<str>,
        /// Whether the broker may have accepted the message: it was written, and its confirm was lost. If
        /// false, the message is in no queue.
        maybe_delivered: bool,
    },

    /// The broker has no queue for the message, and no server declared one while the message waited. It was
    /// not delivered.
    #[error(
        "{}no queue exists for {target}: start a server for it, or check exchange, topic and server \
         name; with `mandatory(false)`, the broker discards such messages without an error",
        method_prefix(.method.as_deref())
    )]
    #[non_exhaustive]
    Undeliverable {
        /// The method's name on the wire. `None` if the error is not of a client's call or cast.
        method: Option<Box<str>>,
        /// The target of the message.
        target: Box<Target>,
    },

    /// A queue rejected the message because it is full (`overflow=reject-publish`) or failing. The queue does
    /// not have the message, so a caller may back off and try again. If the message was a fanout, other
    /// queues may have it.
    ///
    /// When the node of a classic queue fails, RabbitMQ also rejects the messages that the queue had not
    /// confirmed. Such a message may be in the queue, and its method may run. Use quorum queues where that matters.
    #[error(
        "{}a queue of {target} rejects the message because it is full or failing: try again later, \
         start more servers, or raise the queue's limit",
        method_prefix(.method.as_deref())
    )]
    #[non_exhaustive]
    Rejected {
        /// The method's name on the wire. `None` if the error is not of a client's call or cast.
        method: Option<Box<str>>,
        /// The target of the message.
        target: Box<Target>,
    },

    /// The target cannot be used for this operation.
    #[error("{}{target} cannot be used here: {reason}", method_prefix(.method.as_deref()))]
    #[non_exhaustive]
    InvalidTarget {
        /// The method's name on the wire. `None` if the error is not of a client's call or cast.
        method: Option<Box<str>>,
        /// The target.
        target: Box<Target>,
        /// What is wrong, and what to do.
        reason: &'static str,
    },

    /// The message needs newer servers than the version cap allows. Nothing was sent.
    #[error("{}", capped(.method, .argument.as_deref(), *.requested, *.cap))]
    #[non_exhaustive]
    VersionCap {
        /// The method's name on the wire.
        method: String,
        /// The argument whose value needs newer servers. `None` if the method itself does.
        argument: Option<String>,
        /// The version that is needed. `None` if the message has no version, which no version cap allows.
        requested: Option<Version>,
        /// The highest version that the message may have: the version cap, or the version that the caller set with
        /// [`CallOptions::version`](crate::client::CallOptions::version) if the cap allows the message.
        cap: Version,
    },

    /// An argument, a context or a result could not be serialised to JSON.
    ///
    /// If it was an argument or a context, nothing was sent. Only [`Response::new`](crate::client::Response::new)
    /// serialises a result on the client, for a middleware. The method may have run before.
    #[error("{}{what} cannot be written as JSON: {source}", method_prefix(.method.as_deref()))]
    #[non_exhaustive]
    Serialize {
        /// The method's name on the wire. `None` if the error is not of a client's call or cast.
        method: Option<Box<str>>,
        /// The argument, the context, or the result.
        what: String,
        /// The cause.
        source: Arc<serde_json::Error>,
    },

    /// A peer sent a value that is malformed or does not have the expected type.
    #[error(
        "{}{what} cannot be read: {reason}; compare the interface's types on both sides",
        method_prefix(.method.as_deref())
    )]
    #[non_exhaustive]
    Deserialize {
        /// The method's name on the wire. `None` if the error is not of a client's call or cast.
        method: Option<Box<str>>,
        /// The value that was being read.
        what: String,
        /// What is wrong with it, and where.
        reason: Arc<str>,
    },

    /// The reply is larger than the client's limit. The method ran.
    #[error(
        "{}the reply from {target} has {size} bytes, more than the limit of {limit}: raise \
         `max_reply_size`, or request less",
        method_prefix(.method.as_deref())
    )]
    #[non_exhaustive]
    TooLarge {
        /// The method's name on the wire. `None` if the error is not of a client's call or cast.
        method: Option<Box<str>>,
        /// The target of the call.
        target: Box<Target>,
        /// The size of the reply in bytes.
        size: usize,
        /// The limit in bytes; see
        /// [`ClientBuilder::max_reply_size`](crate::client::ClientBuilder::max_reply_size).
        limit: usize,
    },

    /// The server replied with an error: the method failed, or the server refused the request, for example because it
    /// has no such method.
    #[error("{}remote error: {}", method_prefix(.0.called()), .0)]
    Remote(#[source] Box<RemoteError>),

    /// This process has closed the transport.
    #[error(
        "{}the transport is closed: make a new one with `Transport::new`",
        method_prefix(.method.as_deref())
    )]
    #[non_exhaustive]
    Closed {
        /// The method's name on the wire. `None` if the error is not of a client's call or cast.
        method: Option<Box<str>>,
    },

    /// The broker refuses an operation, and would refuse it again.
    #[error("{}the broker refuses {what}: {reason}", method_prefix(.method.as_deref()))]
    #[non_exhaustive]
    Refused {
        /// The method's name on the wire. `None` if the error is not of a client's call or cast.
        method: Option<Box<str>>,
        /// The operation.
        what: String,
        /// The broker's answer, and what to do.
        reason: Arc<str>,
    },

    /// No broker can be reached, or none accepts the credentials; see
    /// [`Transport::connect`](crate::Transport::connect).
    #[error("cannot connect: {reason}; check the transport URL and the broker")]
    #[non_exhaustive]
    Unreachable {
        /// The cause, for each host that was tried.
        reason: Arc<str>,
    },

    /// The transport URL is malformed.
    #[error("{0}")]
    Url(#[from] UrlError),

    /// A version is malformed.
    #[error("{0}")]
    Version(#[from] ParseVersionError),

    /// Settings of a client, a server or a transport cannot work.
    #[error("{0}")]
    Config(String),
}

/// The pattern of the variants with the field `method`. It binds the field.
macro_rules! with_method {
    ($method:ident) => {
        Error::Timeout { $method, .. }
            | Error::Delivery { $method, .. }
            | Error::Undeliverable { $method, .. }
            | Error::Rejected { $method, .. }
            | Error::InvalidTarget { $method, .. }
            | Error::Serialize { $method, .. }
            | Error::Deserialize { $method, .. }
            | Error::TooLarge { $method, .. }
            | Error::Closed { $method }
            | Error::Refused { $method, .. }
    };
}

impl Error {
    /// The error that the server sent, if this is a remote error.
    #[must_use]
    pub fn remote(&self) -> Option<&RemoteError> {
        match self {
            Self::Remote(remote) => Some(remote),
            _ => None,
        }
    }

    /// Whether the time limit of the call was reached.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Whether a server may have run the method, or may still run it. If false, the method has not run and
    /// will not run, so the message can be sent again safely.
    ///
    /// There are two exceptions. After the failure of a classic queue's node, the method may have run although this is
    /// false for [`Error::Rejected`]; see there. A middleware or a serializer hook may return an error of its own after
    /// the reply has arrived; the answer then depends on the variant of that error only.
    #[must_use]
    pub fn may_have_run(&self) -> bool {
        match self {
            Self::Timeout { waiting_for, .. } => match waiting_for {
                Stage::Connection(_) | Stage::Declaration(_) | Stage::Unblocking(_) => false,
                Stage::Confirmation(_) | Stage::Reply | Stage::Heartbeat => true,
            },
            Self::Delivery {
                maybe_delivered, ..
            } => *maybe_delivered,
            Self::Deserialize { .. }
            | Self::TooLarge { .. }
            | Self::Remote(_)
            | Self::Closed { .. } => true,
            // Another queue of the fanout may have the message.
            Self::Rejected { target, .. } => target.fanout,
            Self::Undeliverable { .. }
            | Self::InvalidTarget { .. }
            | Self::VersionCap { .. }
            | Self::Serialize { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::Url(_)
            | Self::Version(_)
            | Self::Config(_) => false,
        }
    }

    /// Whether the same call or cast may be repeated, at once or later: it may succeed then, and repeating it
    /// is safe because the method has not run.
    ///
    /// If this is false because the method [may have run](Self::may_have_run), a caller may still try again
    /// when running the method twice does no harm. The exception for [`Error::Rejected`] that
    /// [`may_have_run`](Self::may_have_run) has applies here, too.
    ///
    /// ```
    /// use rpc_runtime::{Context, Result, rpc_client};
    ///
    /// #[rpc_client(topic = "inventory", version = "2.0")]
    /// trait Inventory {
    ///     async fn reserve(&self, ctxt: &Context, host: &str) -> Result<u32>;
    /// }
    ///
    /// async fn reserve(inventory: &InventoryClient, ctxt: &Context) -> Result<u32> {
    ///     match inventory.reserve(ctxt, "db-1").await {
    ///         Err(error) if error.is_retryable() => inventory.reserve(ctxt, "db-1").await,
    ///         other => other,
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let may_pass = match self {
            Self::Timeout { .. }
            | Self::Delivery { .. }
            | Self::Undeliverable { .. }
            | Self::Rejected { .. }
            | Self::Unreachable { .. } => true,
            Self::InvalidTarget { .. }
            | Self::VersionCap { .. }
            | Self::Serialize { .. }
            | Self::Deserialize { .. }
            | Self::TooLarge { .. }
            | Self::Remote(_)
            | Self::Closed { .. }
            | Self::Refused { .. }
            | Self::Url(_)
            | Self::Version(_)
            | Self::Config(_) => false,
        };
        may_pass && !self.may_have_run()
    }

    /// The name of the method that failed: its newest name on the wire, also if the version cap has selected an older
    /// one. Errors of a call or a cast have it, except [`Error::Config`], whose text names the method. `None` for other errors, such as
    /// [`Error::Unreachable`] or an error at the start of a server.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        match self {
            with_method!(method) => method.as_deref(),
            Self::Remote(remote) => remote.called(),
            Self::VersionCap { method, .. } => Some(method),
            Self::Unreachable { .. } | Self::Url(_) | Self::Version(_) | Self::Config(_) => None,
        }
    }

    /// Sets the method that failed, unless the error has one already.
    #[must_use]
    pub(crate) fn of_method(mut self, name: &str) -> Self {
        match &mut self {
            with_method!(method) => {
                method.get_or_insert_with(|| name.into());
            }
            Self::Remote(remote) => remote.set_called(name),
            Self::Config(text) => {
                let quoted = format!("`{}`", excerpt(name));
                if !text.contains(&quoted) {
                    *text = format!("{quoted}: {text}");
                }
            }
            Self::VersionCap { .. }
            | Self::Unreachable { .. }
            | Self::Url(_)
            | Self::Version(_) => {}
        }
        self
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<RemoteError> for Error {
    fn from(remote: RemoteError) -> Self {
        Self::Remote(Box::new(remote))
    }
}
