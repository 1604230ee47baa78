//! [`ReplyTo`]: where the reply to a call goes.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::excerpt::excerpt;

/// The reply address of a call.
///
/// Two addresses are equal if their queues and message ids are.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReplyTo {
    /// The reply queue of the calling process.
    pub queue: String,
    /// The message id of the call, as its caller wrote it.
    pub message_id: String,
    /// For log lines about the reply, which does not have these names.
    request: Option<Arc<RequestNames>>,
}

/// The names of a request that its reply does not have. Each is shortened to a readable length.
#[derive(Debug)]
pub(crate) struct RequestNames {
    method: String,
    request_id: Option<String>,
}

impl ReplyTo {
    /// The address of the call `message_id` at the queue `queue`.
    #[must_use]
    pub fn new(queue: impl Into<String>, message_id: impl Into<String>) -> Self {
        Self {
            queue: queue.into(),
            message_id: message_id.into(),
            request: None,
        }
    }

    /// The same address, with the names of its request.
    pub(super) fn of_request(self, names: RequestNames) -> Self {
        Self {
            request: Some(Arc::new(names)),
            ..self
        }
    }

    /// The names of the request, if they are known.
    #[cfg(feature = "rabbit")]
    pub(crate) fn request_names(&self) -> Option<&Arc<RequestNames>> {
        self.request.as_ref()
    }

    /// The request's method, if it is known.
    pub(crate) fn method(&self) -> Option<&str> {
        self.request.as_deref().map(RequestNames::method)
    }

    /// The `request_id` of the request's context, if it is known.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request.as_deref().and_then(RequestNames::request_id)
    }
}

impl RequestNames {
    pub(super) fn new(method: &str, request_id: Option<Cow<'_, str>>) -> Self {
        Self {
            method: excerpt(method).into_owned(),
            request_id: request_id.map(|id| excerpt(id).into_owned()),
        }
    }

    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

impl PartialEq for ReplyTo {
    fn eq(&self, other: &Self) -> bool {
        self.queue == other.queue && self.message_id == other.message_id
    }
}

impl Eq for ReplyTo {}

impl Hash for ReplyTo {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.queue.hash(state);
        self.message_id.hash(state);
    }
}
