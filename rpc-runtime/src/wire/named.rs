//! [`Named`]: the names that log lines have for a request: its method, the request id of its context, and its
//! message ids.
//!
//! A message is parsed for its names only when there is something to log. Names that cannot be read are
//! omitted.

use bytes::Bytes;

#[cfg(feature = "rabbit")]
use super::RequestNames;
use super::{Entries, Request, open, unquote};
use crate::excerpt::excerpt;

/// The names of one request, as far as they are known. Each is shortened to a readable length.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    method: Option<String>,
    request_id: Option<String>,
    message_id: Option<String>,
    unique_id: Option<String>,
}

impl Named {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        let message_id = request.reply_to().map(|to| to.message_id.as_str());
        Self {
            method: short(request.method()),
            request_id: request
                .context_text("request_id")
                .as_deref()
                .and_then(short),
            message_id: message_id.and_then(short),
            unique_id: request.unique_id().and_then(short),
        }
    }

    /// The names in the bytes of a request or a reply. A reply has only message ids.
    pub(crate) fn in_body(body: &Bytes) -> Self {
        let Ok(text) = open(body.clone()) else {
            return Self::default();
        };
        let mut named = Self::default();
        for (key, value) in Entries::new(&text)
            .into_iter()
            .flatten()
            .map_while(Result::ok)
        {
            let name = match key.as_ref() {
                "method" => &mut named.method,
                "_context_request_id" => &mut named.request_id,
                "_msg_id" => &mut named.message_id,
                "_unique_id" => &mut named.unique_id,
                _ => continue,
            };
            *name = unquote(value).ok().as_deref().and_then(short);
        }
        named
    }

    /// The names in a reply, and those of its request.
    #[cfg(feature = "rabbit")]
    pub(crate) fn with_request(mut self, names: &RequestNames) -> Self {
        self.method = Some(names.method().to_owned());
        self.request_id = names.request_id().map(str::to_owned);
        self
    }

    pub(crate) fn method(&self) -> Option<&str> {
        self.method.as_deref()
    }

    /// The `request_id` of the context.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The message id of a call, which its reply carries. `None` for a cast.
    pub(crate) fn message_id(&self) -> Option<&str> {
        self.message_id.as_deref()
    }

    /// The id of the message, by which duplicates are detected.
    pub(crate) fn unique_id(&self) -> Option<&str> {
        self.unique_id.as_deref()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "callers pass it to `and_then`")]
fn short(text: &str) -> Option<String> {
    Some(excerpt(text).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::{MessageId, ReplyTo, RequestEncoder, success};

    #[test]
    fn a_request_has_all_names_and_a_reply_only_message_ids() {
        let id = MessageId::unique();
        let encoder = RequestEncoder::new("size");
        let context = json!({ "request_id": "req-1", "user": "u" });
        let body = encoder.finish(None, None, &context).unwrap();
        let body = body.call(id, "replies", None);
        let text = Request::open(&body).unwrap();
        let named = Named::of(&Request::parse(&text).unwrap());
        assert_eq!(named, Named::in_body(&body));
        assert_eq!(named.method(), Some("size"));
        assert_eq!(named.request_id(), Some("req-1"));
        assert_eq!(named.message_id(), Some(id.to_string().as_str()));
        assert!(named.unique_id().is_some());

        let reply = success(&ReplyTo::new("replies", "id"), &1).unwrap();
        let named = Named::in_body(&reply);
        assert_eq!((named.method(), named.message_id()), (None, Some("id")));
        assert_eq!(Named::in_body(&Bytes::from_static(b"?")), Named::default());
    }
}
