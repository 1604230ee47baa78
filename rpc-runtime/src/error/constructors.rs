//! Functions that construct errors. Those for drivers are public, since drivers may come from other crates.
//!
//! A driver does not know the method's name. The client adds it to the error.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::stage::Stage;
use super::text::unreadable;
use super::{Error, RemoteError};
use crate::Target;

impl Error {
    /// An error for a handler to return. The server sends it to the caller, with this class and message.
    #[must_use]
    pub fn new_remote(class: impl Into<String>, message: impl Into<String>) -> Self {
        RemoteError::new(class, message).into()
    }

    /// For drivers and mocks: the call reached its time limit while it waited for `waiting_for`.
    #[must_use]
    pub fn new_timeout(target: &Target, timeout: Duration, waiting_for: Stage) -> Self {
        Self::Timeout {
            method: None,
            target: Box::new(target.clone()),
            timeout,
            waiting_for,
        }
    }

    /// For drivers and mocks: all attempts to send a message failed. `reason` says why the last one did.
    /// `maybe_delivered` says whether the broker may have accepted the message nevertheless.
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

    /// For drivers and mocks: the broker has no queue for a mandatory message.
    #[must_use]
    pub fn new_undeliverable(target: &Target) -> Self {
        Self::Undeliverable {
            method: None,
            target: Box::new(target.clone()),
        }
    }

    /// For drivers and mocks: a queue rejected the message.
    #[must_use]
    pub fn new_rejected(target: &Target) -> Self {
        Self::Rejected {
            method: None,
            target: Box::new(target.clone()),
        }
    }

    /// For drivers and mocks: this process has closed the transport.
    #[must_use]
    pub fn new_closed() -> Self {
        Self::Closed { method: None }
    }

    /// The target cannot be used. `reason` says why, and what to do.
    #[must_use]
    pub fn new_invalid_target(target: &Target, reason: &'static str) -> Self {
        Self::InvalidTarget {
            method: None,
            target: Box::new(target.clone()),
            reason,
        }
    }

    /// For drivers and mocks: the broker refuses the operation `what`, and would refuse it again.
    #[must_use]
    pub fn new_refused(what: impl Into<String>, reason: impl Into<Arc<str>>) -> Self {
        Self::Refused {
            method: None,
            what: what.into(),
            reason: reason.into(),
        }
    }

    /// For drivers and mocks: no broker can be reached. `reason` says why, for each host.
    #[must_use]
    pub fn new_unreachable(reason: impl Into<Arc<str>>) -> Self {
        Self::Unreachable {
            reason: reason.into(),
        }
    }

    /// The reply has `size` bytes, more than the client's `limit`.
    pub(crate) fn new_too_large(target: &Target, size: usize, limit: usize) -> Self {
        Self::TooLarge {
            method: None,
            target: Box::new(target.clone()),
            size,
            limit,
        }
    }

    /// The value that `what` names could not be serialised.
    pub(crate) fn new_serialize(what: impl Into<String>, source: serde_json::Error) -> Self {
        Self::Serialize {
            method: None,
            what: what.into(),
            source: Arc::new(source),
        }
    }

    /// The value that `what` names could not be deserialised.
    pub(crate) fn new_deserialize(what: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self::Deserialize {
            method: None,
            what: what.into(),
            reason: unreadable(reason).into(),
        }
    }
}
