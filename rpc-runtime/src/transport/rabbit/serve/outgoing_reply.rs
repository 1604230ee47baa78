//! [`OutgoingReply`]: a reply on its way to its caller. Plain data.

use std::sync::Arc;

use super::super::compression::Packed;
use super::super::publish::Message;
use super::super::topology::Route;
use crate::wire::{Named, ReplyTo, RequestNames};

/// The body of a reply, and the names of its request for log lines.
#[derive(Debug, Clone)]
pub(super) struct OutgoingReply {
    body: Packed,
    request: Option<Arc<RequestNames>>,
}

impl OutgoingReply {
    pub(super) fn new(to: &ReplyTo, body: Packed) -> Self {
        Self {
            body,
            request: to.request_names().cloned(),
        }
    }

    /// The size of the body as it is sent, in bytes.
    pub(super) fn len(&self) -> usize {
        self.body.len()
    }

    pub(super) fn body(&self) -> &Packed {
        &self.body
    }

    /// The reply to the same request with another body.
    pub(super) fn with_body(&self, body: Packed) -> Self {
        Self {
            body,
            request: self.request.clone(),
        }
    }

    /// The names of the request and of the reply, for a log line.
    pub(super) fn named(&self) -> Named {
        let named = self.body.named();
        match &self.request {
            Some(request) => named.with_request(request),
            None => named,
        }
    }

    /// The message to publish to the caller's queue.
    pub(super) fn message(&self, route: Arc<Route>) -> Message {
        let Packed { body, compression } = self.body.clone();
        Message {
            route,
            mandatory: true,
            quiet: false,
            // The sender of replies sends a lost reply again, for a limited time.
            resend: false,
            body,
            compression,
            expires: None,
        }
    }
}

#[cfg(test)]
impl From<bytes::Bytes> for OutgoingReply {
    fn from(body: bytes::Bytes) -> Self {
        Self {
            body: body.into(),
            request: None,
        }
    }
}
