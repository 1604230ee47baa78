//! Metrics of calls, requests, connections and messages, through the facade `metrics`.
//!
//! The guide's page on metrics lists all names and labels. Without the feature `metrics`, each function here
//! does nothing, so callers need no `cfg`.
//!
//! Labels must be bounded: a method is one that an interface declares, and an error's class becomes `other`
//! beyond a limit. Message ids, and other text that a peer chooses freely, must not become labels.

#[cfg(feature = "metrics")]
mod classes;
#[cfg(feature = "metrics")]
mod names;
#[cfg(feature = "metrics")]
mod recorded;
#[cfg(not(feature = "metrics"))]
mod unrecorded;

use crate::Target;
use crate::interface::Method;
use crate::span::Operation;
use crate::wire::{Reply, RequestBody};

#[cfg(feature = "metrics")]
pub(crate) use self::recorded::{
    Handling, Waiting, describe, publish_failed, received, replied, replies_dropped,
    request_dropped, sent,
};
#[cfg(all(feature = "metrics", feature = "rabbit"))]
pub(crate) use self::recorded::{connected, connection_failed, connection_lost};
#[cfg(not(feature = "metrics"))]
pub(crate) use self::unrecorded::{
    Handling, Waiting, describe, publish_failed, received, replied, replies_dropped,
    request_dropped, sent,
};
#[cfg(all(not(feature = "metrics"), feature = "rabbit"))]
pub(crate) use self::unrecorded::{connected, connection_failed, connection_lost};

/// The description of a message that a client hands to its transport.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(feature = "metrics"),
    expect(dead_code, reason = "read only when metrics are recorded")
)]
pub(crate) struct SentMessage<'a> {
    pub(crate) operation: Operation,
    pub(crate) method: Option<&'static Method>,
    pub(crate) target: &'a Target,
    /// The size of the message, in bytes.
    pub(crate) bytes: usize,
}

impl<'a> SentMessage<'a> {
    pub(crate) fn new(
        operation: Operation,
        method: Option<&'static Method>,
        target: &'a Target,
        request: &RequestBody,
    ) -> Self {
        Self {
            operation,
            method,
            target,
            bytes: request.size(),
        }
    }
}

/// The successful outcome of sending a message.
#[cfg_attr(
    not(feature = "metrics"),
    expect(dead_code, reason = "read only when metrics are recorded")
)]
pub(crate) trait Arrived {
    /// The size of the reply in bytes, if there is one.
    fn bytes(&self) -> Option<usize>;

    /// The class of the error in the reply, if there is one.
    fn failure(&self) -> Option<&str>;
}

impl Arrived for Reply {
    fn bytes(&self) -> Option<usize> {
        Some(self.size())
    }

    fn failure(&self) -> Option<&str> {
        self.failure_class()
    }
}

impl Arrived for () {
    fn bytes(&self) -> Option<usize> {
        None
    }

    fn failure(&self) -> Option<&str> {
        None
    }
}

/// Why a server did not run a request that arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Dropped {
    /// It was received before.
    Duplicate,
    Malformed,
    TooLarge,
    /// It expired while it waited for a permit.
    #[cfg(feature = "rabbit")]
    Expired,
    /// It was not started when the server stopped, or another server may run it.
    NotRun,
}

/// Why a reply did not reach its caller.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lost {
    /// It arrived after its call had ended.
    Late,
    /// It arrived and could not be parsed.
    Unreadable,
    /// This server could not send it.
    Unsent,
}

/// Why an attempt to publish a message failed, or why no further attempt is made.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(feature = "rabbit"),
    expect(dead_code, reason = "only a broker reports these")
)]
pub(crate) enum Unpublished {
    /// No queue was bound for it.
    Returned,
    /// Its queue was full or failing.
    Rejected,
    /// The broker refused it, or refused to declare its exchange.
    Refused,
    /// No attempt was left, or another attempt is not allowed. The message may be in a queue.
    GivenUp,
}
