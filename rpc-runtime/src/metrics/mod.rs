//! What is counted and measured of calls, requests, connections and messages, through the facade `metrics`.
//!
//! The guide's page on metrics has the table of names and labels. Each function here is plain to call. Without the
//! feature `metrics` it does nothing and takes nothing.
//!
//! Labels are bounded: a method is one that an interface names, and an error's class counts as `other` once there are
//! too many. No message's identity is a label, and nothing else that a peer can make up.

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
    Handling, Waiting, describe, publish_failed, replied, replies_dropped, request_dropped, sent,
};
#[cfg(all(feature = "metrics", feature = "rabbit"))]
pub(crate) use self::recorded::{connected, connection_failed, connection_lost};
#[cfg(not(feature = "metrics"))]
pub(crate) use self::unrecorded::{
    Handling, Waiting, describe, publish_failed, replied, replies_dropped, request_dropped, sent,
};
#[cfg(all(not(feature = "metrics"), feature = "rabbit"))]
pub(crate) use self::unrecorded::{connected, connection_failed, connection_lost};

/// A message that a client hands to its transport.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(feature = "metrics"),
    expect(dead_code, reason = "nobody records it")
)]
pub(crate) struct Sending<'a> {
    pub(crate) operation: Operation,
    pub(crate) method: Option<&'static Method>,
    pub(crate) target: &'a Target,
    /// The size of the message.
    pub(crate) bytes: usize,
}

impl<'a> Sending<'a> {
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

/// What a message came to that its transport did not fail with.
#[cfg_attr(
    not(feature = "metrics"),
    expect(dead_code, reason = "nobody records it")
)]
pub(crate) trait Arrived {
    /// What the reply takes on the wire, if there is one.
    fn bytes(&self) -> Option<usize>;

    /// The class of the failure that the reply carries, if it does.
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
    /// It has come before.
    Duplicate,
    Malformed,
    TooLarge,
    /// It was left when the server stopped, or may run elsewhere.
    Left,
}

/// What became of a reply that did not reach its caller.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lost {
    /// It has come to this client when its call was over.
    Late,
    /// It has come to this client and cannot be read.
    Unreadable,
    /// This server could not send it.
    Unsent,
}

/// Why a message is in no queue, as far as is known.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(feature = "rabbit"),
    expect(dead_code, reason = "a broker's alone")
)]
pub(crate) enum Unpublished {
    /// There was no queue for it.
    Returned,
    /// Its queue was full or failing.
    Rejected,
    /// The broker refused it, or what it needed.
    Refused,
    /// No try was left, or it may not be tried again.
    GivenUp,
}
