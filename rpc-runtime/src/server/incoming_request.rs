//! A request as a server's middleware sees it, and what it comes to: plain data, and no I/O.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use super::extensions::Extensions;
use super::invocation::Outcome;
use crate::interface::Method;
use crate::wire::{self, ReplyTo, Request};
use crate::{RemoteError, Result, Target, Version};

/// A request on its way to its handler, as a [`Middleware`](super::Middleware) sees it: as it was sent, still as JSON.
///
/// Cloning is cheap: clones are the same request, extensions included.
#[derive(Clone)]
pub struct IncomingRequest {
    message: Arc<Message>,
    extensions: Arc<Extensions>,
}

struct Message {
    text: String,
    method: Option<&'static Method>,
    name: String,
    namespace: Option<String>,
    version: Option<Version>,
    reply_to: Option<ReplyTo>,
    request_id: Option<String>,
    server: Target,
}

impl IncomingRequest {
    /// The request in `text`, which `server` takes as a request for `method`; or the text again, if it is no request.
    pub(super) fn new(
        text: String,
        method: impl FnOnce(&Request<'_>) -> Option<&'static Method>,
        server: &Target,
    ) -> Result<Self, String> {
        let Ok(request) = Request::parse(&text) else {
            return Err(text);
        };
        let message = Message {
            method: method(&request),
            name: request.method().to_owned(),
            namespace: request.namespace().map(str::to_owned),
            version: request.stamp(),
            reply_to: request.reply_to().cloned(),
            request_id: (request.context_text("request_id")).map(Cow::into_owned),
            server: server.clone(),
            text,
        };
        Ok(Self {
            message: Arc::new(message),
            extensions: Arc::default(),
        })
    }

    /// The method's description. Absent for a method that no trait of this server names: an untyped endpoint may take it,
    /// or else it will be refused.
    #[must_use]
    pub fn method(&self) -> Option<&'static Method> {
        self.message.method
    }

    /// The method, as named on the wire. A peer can write anything there.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.message.name
    }

    /// The namespace of the message.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.message.namespace.as_deref()
    }

    /// The version that the message is stamped with; one without a stamp counts as 1.0.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.message.version
    }

    /// Whether the sender waits for a reply: a call, and no cast.
    #[must_use]
    pub fn is_call(&self) -> bool {
        self.message.reply_to.is_some()
    }

    /// The identity by which the caller knows the reply. A cast has none.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        let to = self.message.reply_to.as_ref();
        to.map(|to| to.message_id.as_str())
    }

    /// The context's `request_id`, by which the logs of all services name what the request belongs to.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.message.request_id.as_deref()
    }

    /// The server that the request has come to: exchange, topic, name.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.message.server
    }

    /// The request context as it was sent, as a `C`: as a [`Context`](crate::Context), say, or raw, as a
    /// [`RawObject`](crate::wire::RawObject). The server's [`Serializer`](crate::Serializer) has not rewritten it.
    ///
    /// # Errors
    ///
    /// A `ValueError` to be raised in the caller, when what was sent does not fit.
    pub fn context<C: DeserializeOwned>(&self) -> Result<C, RemoteError> {
        let wrong = |error: &dyn fmt::Display| {
            RemoteError::value_error(format!("bad request context: {error}"))
        };
        let request = Request::parse(&self.message.text).map_err(|error| wrong(&error))?;
        request.context().map_err(|error| wrong(&error))
    }

    /// The raw JSON of the arguments, an object, as it was sent.
    #[must_use]
    pub fn arguments(&self) -> &str {
        let request = Request::parse(&self.message.text);
        request.map_or("{}", |request| request.arguments())
    }

    /// What middlewares put there for those further in, and for the handler, which reads it by
    /// [`extension`](super::extension).
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    pub(super) fn text(&self) -> &str {
        &self.message.text
    }

    pub(super) fn shared_extensions(&self) -> Arc<Extensions> {
        self.extensions.clone()
    }
}

/// Shows no argument, and nothing of the context, which holds tokens.
impl fmt::Debug for IncomingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            message,
            extensions,
        } = self;
        f.debug_struct("IncomingRequest")
            .field("method", &message.name)
            .field("namespace", &message.namespace)
            .field("version", &message.version)
            .field("message_id", &self.message_id())
            .field("request_id", &message.request_id)
            .field("target", &message.server)
            .field("extensions", extensions)
            .finish_non_exhaustive()
    }
}

/// What a request came to that did not fail: the method's result, as JSON.
///
/// A failure is a [`RemoteError`] and no response. What a cast comes to is dropped.
#[derive(Debug)]
pub struct Response(Content);

#[derive(Debug)]
enum Content {
    /// Of a cast.
    Nothing,
    /// A reply, as it is to be sent to this call.
    Reply {
        bytes: Bytes,
        message_id: String,
    },
    Result(Box<RawValue>),
}

impl Response {
    /// A response that did not come from the handler.
    ///
    /// # Errors
    ///
    /// A `TypeError` to be raised in the caller when the result cannot be written as JSON.
    pub fn new<T: Serialize + ?Sized>(result: &T) -> Result<Self, RemoteError> {
        let result = to_raw_value(result).map_err(|error| {
            let message = format!("a middleware returned what JSON cannot hold: {error}");
            RemoteError::new("TypeError", message).module("builtins")
        })?;
        Ok(Self(Content::Result(result)))
    }

    /// What a handler replied to a request.
    pub(super) fn of(reply: Option<Bytes>, request: &IncomingRequest) -> Self {
        let message_id = request.message_id();
        Self(match reply.zip(message_id) {
            Some((bytes, message_id)) => Content::Reply {
                bytes,
                message_id: message_id.to_owned(),
            },
            None => Content::Nothing,
        })
    }

    /// The raw JSON of the result: `null` for a cast.
    #[must_use]
    pub fn json(&self) -> Box<RawValue> {
        let nothing = || RawValue::NULL.to_owned();
        match &self.0 {
            Content::Nothing => nothing(),
            Content::Result(result) => result.clone(),
            Content::Reply { bytes, .. } => {
                // It was written here, so that it can be read here.
                let result = wire::result_of(bytes).ok();
                let result = result.and_then(|json| RawValue::from_string(json).ok());
                result.unwrap_or_else(nothing)
            }
        }
    }

    /// The result, as a `T`, as it is sent: the server's [`Serializer`](crate::Serializer) has rewritten it.
    ///
    /// # Errors
    ///
    /// A `ValueError` to be raised in the caller when it does not fit.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, RemoteError> {
        wire::read(self.json().get())
            .map_err(|error| RemoteError::value_error(format!("bad result: {error}")))
    }

    /// The reply to whoever waits for one.
    pub(super) fn into_outcome(self, to: Option<&ReplyTo>) -> Outcome {
        let Some(to) = to else { return Ok(None) };
        match self.0 {
            // A middleware may have kept it since another request.
            Content::Reply { bytes, message_id } if message_id == to.message_id => Ok(Some(bytes)),
            other => {
                let result = Self(other).json();
                let reply = wire::success(to, &*result);
                reply
                    .map(Some)
                    .map_err(|error| RemoteError::value_error(format!("bad result: {error}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::RequestEncoder;

    fn request(id: &str) -> IncomingRequest {
        let mut encoder = RequestEncoder::new("size");
        encoder.argument("host", "db-1").unwrap();
        let context = json!({ "request_id": "req-1", "token": "secret" });
        let body = encoder.finish(None, None, &context).unwrap();
        let body = body.call(id.parse().unwrap(), "replies", None);
        let text = Request::open(&body).unwrap();
        IncomingRequest::new(text, |_| None, &Target::new("inventory").server("s")).unwrap()
    }

    const ONE: &str = "00000000000000000000000000000001";
    const TWO: &str = "00000000000000000000000000000002";

    #[test]
    fn it_says_what_was_sent_and_shows_no_value() {
        let request = request(ONE);
        assert_eq!(
            (request.name(), request.message_id(), request.request_id()),
            ("size", Some(ONE), Some("req-1"))
        );
        assert_eq!(request.arguments(), r#"{"host":"db-1"}"#);
        let context: wire::RawObject = request.context().unwrap();
        assert_eq!(context["token"].get(), "\"secret\"");
        let error = request.context::<u32>().unwrap_err();
        assert_eq!(error.class, "ValueError");
        let shown = format!("{request:?}");
        assert!(
            !shown.contains("secret") && !shown.contains("db-1"),
            "{shown}"
        );
    }

    #[test]
    fn a_response_that_was_kept_since_another_request_is_for_the_new_one() {
        let (first, second) = (request(ONE), request(TWO));
        let [one, two] = [ONE, TWO].map(|id| ReplyTo::new("replies", id));
        let reply = Some(wire::success(&one, &[1, 2]).unwrap());

        let sent = Response::of(reply.clone(), &first).into_outcome(Some(&one));
        assert_eq!(sent.unwrap(), reply);
        let kept = Response::of(reply.clone(), &first);
        assert_eq!(kept.decode::<Vec<u8>>().unwrap(), [1, 2]);
        let sent = kept.into_outcome(Some(&two)).unwrap().unwrap();
        let sent = wire::Reply::decode(&sent).unwrap();
        assert_eq!(sent.message_id().to_string(), second.message_id().unwrap());
        assert_eq!(sent.into_result::<Vec<u8>>().unwrap(), [1, 2]);

        let nothing = Response::of(None, &first).into_outcome(None).unwrap();
        assert_eq!(nothing, None);
        let nothing = Response::of(None, &first);
        assert_eq!(nothing.json().get(), "null");
    }
}
