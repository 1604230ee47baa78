//! What can go wrong: one enum for callers, [`Error`], and what crosses the wire, [`RemoteError`].
//!
//! Each message ends with what to do next.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::excerpt::excerpt;
use crate::{Target, Version};

pub use crate::remote::{IntoRemoteError, RemoteError};
pub use crate::url::UrlError;
pub use crate::version::ParseVersionError;

/// The result of a call or a cast, unless a trait chooses its own error type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call or a cast, or the setting up of a client or a server, failed.
///
/// Cloning is cheap; causes are shared, since one broken connection fails many calls.
///
/// The text says what failed, why, and what to do, and has the text of the [source](std::error::Error::source), if there
/// is one, in it. `Debug` is the same text: so a program whose `main` returns the error prints it.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The time given to a call was over.
    #[error(
        "{}no reply from {target} within {timeout:?}: the time ran out while waiting for {waiting_for}; {}",
        of(.method.as_deref()), .waiting_for.advice()
    )]
    #[non_exhaustive]
    Timeout {
        /// The method, as named on the wire, of what a client sent; absent elsewhere.
        method: Option<Box<str>>,
        /// Whom the call was for.
        target: Box<Target>,
        /// The time that was given: the call's timeout, or the monitor's when `waiting_for` says so.
        timeout: Duration,
        /// What had not happened yet.
        waiting_for: Stage,
    },

    /// The message could not be handed to the broker in as many tries as were allowed, or it is not known
    /// whether it was: `maybe_delivered` tells which.
    #[error("{}{}", of(.method.as_deref()), undelivered(.target, *.attempts, .reason, *.maybe_delivered))]
    #[non_exhaustive]
    Delivery {
        /// The method, as named on the wire, of what a client sent; absent elsewhere.
        method: Option<Box<str>>,
        /// Whom the message was for.
        target: Box<Target>,
        /// How many attempts were made in all.
        attempts: u32,
        /// Why the last one failed.
        reason: Arc<str>,
        /// Whether the broker may have taken the message all the same: it was written, and the
        /// answer was lost. When false, it certainly is in no queue.
        maybe_delivered: bool,
    },

    /// The broker has no queue for the message, and no server declared one while it waited. It was not
    /// delivered.
    #[error(
        "{}nobody serves {target}: start a server for it, or check exchange, topic and server \
         name; `mandatory(false)` sends such messages into the void",
        of(.method.as_deref())
    )]
    #[non_exhaustive]
    Undeliverable {
        /// The method, as named on the wire, of what a client sent; absent elsewhere.
        method: Option<Box<str>>,
        /// Whom the message was for.
        target: Box<Target>,
    },

    /// A queue for the message rejects it, being full (`overflow=reject-publish`) or failing. A caller may back off
    /// and try again: the queue has not taken it. Other queues of a fanout may have.
    ///
    /// RabbitMQ also rejects what a classic queue had not confirmed when the queue's node fails. Such a message may have
    /// run: use quorum queues where that matters.
    #[error(
        "{}the queue of {target} rejects the message, being full or failing: try again later, \
         start more servers, or raise the queue's limit",
        of(.method.as_deref())
    )]
    #[non_exhaustive]
    Rejected {
        /// The method, as named on the wire, of what a client sent; absent elsewhere.
        method: Option<Box<str>>,
        /// Whom the message was for.
        target: Box<Target>,
    },

    /// The target cannot be used for this.
    #[error("{}{target} cannot be used here: {reason}", of(.method.as_deref()))]
    #[non_exhaustive]
    InvalidTarget {
        /// The method, as named on the wire, of what a client sent; absent elsewhere.
        method: Option<Box<str>>,
        /// The target in question.
        target: Box<Target>,
        /// What is wrong, and what to do.
        reason: &'static str,
    },

    /// The message needs newer servers than the version cap promises. Nothing was sent.
    #[error("{}", capped(.method, .argument.as_deref(), *.requested, *.cap))]
    #[non_exhaustive]
    VersionCap {
        /// The method that was to be called.
        method: String,
        /// The argument whose value older servers do not know, if it is not the method as a whole.
        argument: Option<String>,
        /// The version that is needed; absent when a client without a version sends under a cap.
        requested: Option<Version>,
        /// The cap.
        cap: Version,
    },

    /// A value of ours could not be written as JSON. Nothing was sent.
    #[error("{}{what} cannot be written as JSON: {source}", of(.method.as_deref()))]
    #[non_exhaustive]
    Serialize {
        /// The method, as named on the wire, of what a client sent; absent elsewhere.
        method: Option<Box<str>>,
        /// The argument, the context, or the result.
        what: String,
        /// Why not.
        source: Arc<serde_json::Error>,
    },

    /// A peer sent something that does not fit the expected type, or is no message at all.
    #[error("{}{what} cannot be read: {reason}; compare the interface's types on both sides", of(.method.as_deref()))]
    #[non_exhaustive]
    Deserialize {
        /// The method, as named on the wire, of what a client sent; absent elsewhere.
        method: Option<Box<str>>,
        /// What was being read.
        what: String,
        /// What was wrong with it, and where.
        reason: Arc<str>,
    },

    /// The reply is larger than the client wants to read. The method ran.
    #[error(
        "{}the reply from {target} has {size} bytes, and at most {limit} are read: raise \
         `max_reply_size`, or ask for less",
        of(.method.as_deref())
    )]
    #[non_exhaustive]
    TooLarge {
        /// The method, as named on the wire, of what a client sent; absent elsewhere.
        method: Option<Box<str>>,
        /// Whom the call was for.
        target: Box<Target>,
        /// The size of the reply, in bytes.
        size: usize,
        /// The most that is read; see [`ClientBuilder::max_reply_size`](crate::client::ClientBuilder::max_reply_size).
        limit: usize,
    },

    /// The server ran the method, and it failed there.
    #[error("{}remote error: {}", of(.0.called()), .0)]
    Remote(#[source] Box<RemoteError>),

    /// The transport was closed by this process.
    #[error("{}the transport is closed: make a new one with `Transport::new`", of(.method.as_deref()))]
    #[non_exhaustive]
    Closed {
        /// The method, as named on the wire, of what a client sent; absent elsewhere.
        method: Option<Box<str>>,
    },

    /// The broker refuses what was asked for, and would again.
    #[error("{}the broker refuses {what}: {reason}", of(.method.as_deref()))]
    #[non_exhaustive]
    Refused {
        /// The method, as named on the wire, of what a client sent; absent elsewhere.
        method: Option<Box<str>>,
        /// What was asked of the broker.
        what: String,
        /// What it answered, and what to do.
        reason: Arc<str>,
    },

    /// No broker can be reached, or none lets this program in; see
    /// [`Transport::connect`](crate::Transport::connect).
    #[error("cannot connect: {reason}; check the transport URL and the broker")]
    #[non_exhaustive]
    Unreachable {
        /// Why not, for each host that was tried.
        reason: Arc<str>,
    },

    /// The transport URL is malformed.
    #[error("{0}")]
    Url(#[from] UrlError),

    /// A version is malformed.
    #[error("{0}")]
    Version(#[from] ParseVersionError),

    /// A client or a server was built with settings that cannot work.
    #[error("{0}")]
    Config(String),
}

/// What a message about a method begins with.
fn of(method: Option<&str>) -> String {
    let begin = |method| format!("`{}`: ", excerpt(method));
    method.map(begin).unwrap_or_default()
}

fn undelivered(target: &Target, attempts: u32, reason: &str, maybe: bool) -> String {
    let attempts = match attempts {
        1 => "1 attempt".to_owned(),
        more => format!("{more} attempts"),
    };
    if maybe {
        format!(
            "the message for {target} may or may not have been delivered ({attempts}: {reason}); \
             where it does no harm twice, allow it to be sent again with `resend`"
        )
    } else {
        format!(
            "the message for {target} was not delivered after {attempts}: {reason}; \
             check the transport URL and the broker, or allow more tries with `retry`"
        )
    }
}

fn capped(
    method: &str,
    argument: Option<&str>,
    requested: Option<Version>,
    cap: Version,
) -> String {
    let (what, or_else) = match argument {
        Some(argument) => (
            format!("the value of `{argument}` in a message for `{method}`"),
            "leave it at its default, ",
        ),
        None => (format!("`{method}`"), ""),
    };
    let requested = requested.map_or_else(|| "none".to_owned(), |version| version.to_string());
    format!(
        "{what} needs version {requested}, which the version cap {cap} excludes: {or_else}raise the cap \
         once all servers are new enough, or ask `can_send_version` first"
    )
}

/// What a call was waiting for when its time was over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// A connection to the broker; with why the last attempt failed, if one did.
    Connection(Option<Arc<str>>),
    /// The queue for replies, or the exchange of the request, which the broker refuses to declare for this reason.
    Declaration(Arc<str>),
    /// Room to publish: the broker holds publishers back, for lack of memory or disk.
    Unblocking(Arc<str>),
    /// The broker's word that it has the request; or, with why its connection was lost before that came,
    /// the reply to a request that may have come through.
    Confirmation(Option<Arc<str>>),
    /// The reply: the request is with a server, or in its queue.
    Reply,
    /// The server's next sign of life, on a call with a monitor.
    Heartbeat,
}

impl Stage {
    fn advice(&self) -> &'static str {
        match self {
            Self::Connection(_) => "check the transport URL and the broker",
            Self::Declaration(_) => {
                "correct what the broker objects to: permissions, or a queue or exchange that exists in another form"
            }
            Self::Unblocking(_) => "free the broker's memory or disk",
            Self::Confirmation(_) => "check the broker, which may be slow or unreachable",
            Self::Reply => {
                "check that a server runs there, or give the call more time with `timeout`"
            }
            Self::Heartbeat => "check the server, or bear a longer silence with `monitor`",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(None) => f.write_str("a connection to the broker"),
            Self::Connection(Some(why)) => write!(f, "a connection to the broker ({why})"),
            Self::Declaration(why) => {
                write!(f, "the broker to permit what it refuses to declare ({why})")
            }
            Self::Unblocking(why) => write!(f, "the broker to accept messages again ({why})"),
            Self::Confirmation(None) => f.write_str("the broker to confirm the request"),
            Self::Confirmation(Some(why)) => {
                write!(f, "the reply to a request that may have been lost ({why})")
            }
            Self::Reply => f.write_str("the reply"),
            Self::Heartbeat => f.write_str("the server's heartbeat"),
        }
    }
}

/// The variants that have the field `method`, as a pattern that binds it: by reference, or by mutable reference.
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
    /// A failure raised by a handler, to be sent to the caller.
    #[must_use]
    pub fn new_remote(class: impl Into<String>, message: impl Into<String>) -> Self {
        RemoteError::new(class, message).into()
    }

    /// What the server raised, if this is a remote error.
    #[must_use]
    pub fn remote(&self) -> Option<&RemoteError> {
        match self {
            Self::Remote(remote) => Some(remote),
            _ => None,
        }
    }

    /// Whether the time given to the call was over.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Whether a server may have run the method, or may still come to run it. When false, the
    /// method certainly has not run, and sending again is safe.
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
            // Of several queues, some may have taken it.
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

    /// Whether the same call or cast may succeed when it is made again, later or at once, and does no harm by that: what
    /// failed may be better next time, and the method has not run.
    ///
    /// False does not forbid to try again what may run twice: see [`may_have_run`](Self::may_have_run).
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

    /// A driver's word that a call's time is over.
    #[must_use]
    pub fn new_timeout(target: &Target, timeout: Duration, waiting_for: Stage) -> Self {
        Self::Timeout {
            method: None,
            target: Box::new(target.clone()),
            timeout,
            waiting_for,
        }
    }

    /// A driver's word that the tries allowed were used up.
    #[must_use]
    pub fn new_delivery(
        target: &Target,
        attempts: u32,
        reason: impl Into<Arc<str>>,
        maybe_delivered: bool,
    ) -> Self {
        Self::Delivery {
            method: None,
            target: Box::new(target.clone()),
            attempts,
            reason: reason.into(),
            maybe_delivered,
        }
    }

    /// A driver's word that there is no queue for a mandatory message.
    #[must_use]
    pub fn new_undeliverable(target: &Target) -> Self {
        Self::Undeliverable {
            method: None,
            target: Box::new(target.clone()),
        }
    }

    /// A driver's word that a queue rejects a message.
    #[must_use]
    pub fn new_rejected(target: &Target) -> Self {
        Self::Rejected {
            method: None,
            target: Box::new(target.clone()),
        }
    }

    /// A driver's word that the transport was closed.
    #[must_use]
    pub fn new_closed() -> Self {
        Self::Closed { method: None }
    }

    /// The method that failed, as named on the wire: each error of a call or a cast knows it. Absent for what went wrong
    /// elsewhere, such as the start of a server.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        match self {
            with_method!(method) => method.as_deref(),
            Self::Remote(remote) => remote.called(),
            Self::VersionCap { method, .. } => Some(method),
            Self::Unreachable { .. } | Self::Url(_) | Self::Version(_) | Self::Config(_) => None,
        }
    }

    /// The same error, of a call or cast of that method, unless it is known to be one of another.
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

    /// A target that cannot be used, and what to do instead.
    #[must_use]
    pub fn new_invalid_target(target: &Target, reason: &'static str) -> Self {
        Self::InvalidTarget {
            method: None,
            target: Box::new(target.clone()),
            reason,
        }
    }

    /// A driver's word that the broker refuses what was asked for.
    #[must_use]
    pub fn new_refused(what: impl Into<String>, reason: impl Into<Arc<str>>) -> Self {
        Self::Refused {
            method: None,
            what: what.into(),
            reason: reason.into(),
        }
    }

    /// A reply that is larger than its caller reads.
    pub(crate) fn new_too_large(target: &Target, size: usize, limit: usize) -> Self {
        Self::TooLarge {
            method: None,
            target: Box::new(target.clone()),
            size,
            limit,
        }
    }

    /// A driver's word that no broker can be reached.
    #[must_use]
    pub fn new_unreachable(reason: impl Into<Arc<str>>) -> Self {
        Self::Unreachable {
            reason: reason.into(),
        }
    }

    pub(crate) fn new_serialize(what: impl Into<String>, source: serde_json::Error) -> Self {
        Self::Serialize {
            method: None,
            what: what.into(),
            source: Arc::new(source),
        }
    }

    pub(crate) fn new_deserialize(what: impl Into<String>, reason: impl fmt::Display) -> Self {
        // It may quote what a peer sent.
        let mut reason = excerpt(reason.to_string()).into_owned();
        // serde_json has two texts for it, and no kind.
        if reason.contains("surrogate") || reason.contains("unexpected end of hex escape") {
            reason += "; it is text of Python's that is no Unicode: `rpc_runtime::Lossy<T>` in place of `T` reads it \
                       with U+FFFD for what is none";
        }
        Self::Deserialize {
            method: None,
            what: what.into(),
            reason: reason.into(),
        }
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

impl Error {
    /// The class by which Python knows the error.
    pub(crate) fn class(&self) -> &str {
        match self {
            Self::Remote(remote) => &remote.class,
            other => other.own_class().0,
        }
    }

    /// The class of oslo.messaging that says the same as an error of this side, and its module.
    fn own_class(&self) -> (&'static str, &'static str) {
        match self {
            Self::Timeout { .. } => ("MessagingTimeout", "oslo_messaging.exceptions"),
            Self::Delivery { .. } | Self::Rejected { .. } => {
                ("MessageDeliveryFailure", "oslo_messaging.exceptions")
            }
            Self::Undeliverable { .. } => ("MessageUndeliverable", "oslo_messaging.exceptions"),
            Self::InvalidTarget { .. } => ("InvalidTarget", "oslo_messaging.exceptions"),
            Self::VersionCap { .. } => ("RPCVersionCapError", "oslo_messaging.rpc.client"),
            _ => ("MessagingException", "oslo_messaging.exceptions"),
        }
    }
}

/// A remote error passes through with its own class; any other becomes the class of
/// oslo.messaging that says the same.
impl IntoRemoteError for Error {
    fn into_remote_error(self) -> RemoteError {
        match self {
            Self::Remote(remote) => *remote,
            other => {
                let (class, module) = other.own_class();
                RemoteError::new(class, other.to_string()).module(module)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_the_source() {
        let url = "x".parse::<crate::TransportUrl>().unwrap_err();
        let version = "x".parse::<Version>().unwrap_err();
        let remote = RemoteError::new("HostNotFound", "no host db-1");
        for (error, source) in [
            (Error::from(url.clone()), url.to_string()),
            (version.clone().into(), version.to_string()),
            (remote.clone().into(), remote.to_string()),
        ] {
            let found = std::error::Error::source(&error).unwrap();
            assert_eq!(found.to_string(), source);
            assert!(error.to_string().contains(&source));
        }
        assert!(std::error::Error::source(&Error::new_closed()).is_none());
    }

    #[test]
    fn what_main_returns_is_printed_as_text() {
        let error = Error::new_unreachable("rabbit-1:5672: connection refused");
        let printed = format!("{error:?}");
        assert_eq!(printed, error.to_string());
        assert!(
            printed.starts_with("cannot connect: rabbit-1:5672"),
            "{printed}"
        );
    }

    #[test]
    fn what_may_pass_and_has_not_run_is_retryable() {
        let target = Target::new("t");
        let timeout = |stage| Error::new_timeout(&target, Duration::from_secs(1), stage);
        let delivery = |maybe| Error::new_delivery(&target, 1, "cut", maybe);
        for (error, retryable) in [
            (timeout(Stage::Connection(None)), true),
            (timeout(Stage::Reply), false),
            (delivery(false), true),
            (delivery(true), false),
            (Error::new_undeliverable(&target), true),
            (Error::new_rejected(&target), true),
            (Error::new_rejected(&target.clone().fanout(true)), false),
            (Error::new_unreachable("refused"), true),
            (Error::new_refused("a queue", "denied"), false),
            (Error::new_closed(), false),
            (Error::new_remote("C", "m"), false),
        ] {
            assert_eq!(error.is_retryable(), retryable, "{error}");
        }
    }
}
