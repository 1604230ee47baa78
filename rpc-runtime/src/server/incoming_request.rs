//! [`IncomingRequest`] and [`Response`]: a request, and its result, as a server's middleware sees them.
//!
//! Plain data, no I/O. The `Debug` output must not contain arguments or the context, which holds tokens.

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

/// A request as a [`Middleware`](super::Middleware) sees it, before its handler runs. Context and arguments
/// are still JSON.
///
/// Cloning is cheap. Clones share the message and the extensions.
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
    /// Parses the request in `text`. Returns the text if it cannot be parsed.
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

    /// The method's description. `None` for a method that no trait of this server declares: an untyped
    /// endpoint handles it, or it is refused.
    #[must_use]
    pub fn method(&self) -> Option<&'static Method> {
        self.message.method
    }

    /// The method's name on the wire. The peer chooses it, so it may be any text.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.message.name
    }

    /// The namespace of the message, if any.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.message.namespace.as_deref()
    }

    /// The version that the message is stamped with. A message without a stamp counts as 1.0. `None` if the
    /// stamp is not a version.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.message.version
    }

    /// Whether this is a call, whose sender waits for a reply. Otherwise it is a cast.
    #[must_use]
    pub fn is_call(&self) -> bool {
        self.message.reply_to.is_some()
    }

    /// The message id of a call. The reply carries it. `None` for a cast.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        let to = self.message.reply_to.as_ref();
        to.map(|to| to.message_id.as_str())
    }

    /// The `request_id` of the context, which the logs of all services contain.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.message.request_id.as_deref()
    }

    /// The server that received the request: exchange, topic and server name.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.message.server
    }

    /// Decodes the request context as a `C`, such as [`Context`](crate::Context), or
    /// [`RawObject`](crate::wire::RawObject) for raw values. The server's [`Serializer`](crate::Serializer)
    /// is not applied.
    ///
    /// # Errors
    ///
    /// A `ValueError` for the caller if the context cannot be read as a `C`.
    pub fn context<C: DeserializeOwned>(&self) -> Result<C, RemoteError> {
        let wrong = |error: &dyn fmt::Display| {
            RemoteError::value_error(format!("bad request context: {error}"))
        };
        let request = Request::parse(&self.message.text).map_err(|error| wrong(&error))?;
        request.context().map_err(|error| wrong(&error))
    }

    /// The arguments as they were sent: the text of a JSON object.
    #[must_use]
    pub fn arguments(&self) -> &str {
        let request = Request::parse(&self.message.text);
        request.map_or("{}", |request| request.arguments())
    }

    /// The values that middlewares have attached. Inner middlewares read them here, and the handler reads
    /// them with [`extension`](super::extension).
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

/// Omits the arguments and the context, which may hold secrets.
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

/// The result of a successful request, as JSON.
///
/// A failure is a [`RemoteError`] instead. The response to a cast is discarded.
#[derive(Debug)]
pub struct Response(Content);

#[derive(Debug)]
enum Content {
    /// The response to a cast.
    Nothing,
    /// The handler's encoded reply to the call `message_id`.
    Reply { bytes: Bytes, message_id: String },
    /// A result that a middleware returned.
    Result(Box<RawValue>),
}

impl Response {
    /// Creates a response that does not come from the handler.
    ///
    /// # Errors
    ///
    /// A `TypeError` for the caller if the result cannot be written as JSON.
    pub fn new<T: Serialize + ?Sized>(result: &T) -> Result<Self, RemoteError> {
        let result = to_raw_value(result).map_err(|error| {
            let message =
                format!("a middleware returned a value that cannot be written as JSON: {error}");
            RemoteError::new("TypeError", message).module("builtins")
        })?;
        Ok(Self(Content::Result(result)))
    }

    /// The handler's reply to a request.
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

    /// The result as JSON. It is `null` for a cast.
    #[must_use]
    pub fn json(&self) -> Box<RawValue> {
        let nothing = || RawValue::NULL.to_owned();
        match &self.0 {
            Content::Nothing => nothing(),
            Content::Result(result) => result.clone(),
            Content::Reply { bytes, .. } => {
                // The server encoded the reply itself, so parsing it cannot fail.
                let result = wire::result_of(bytes).ok();
                let result = result.and_then(|json| RawValue::from_string(json).ok());
                result.unwrap_or_else(nothing)
            }
        }
    }

    /// Decodes the result as a `T`, in the form in which it is sent: the server's
    /// [`Serializer`](crate::Serializer) has been applied.
    ///
    /// # Errors
    ///
    /// A `ValueError` for the caller if the result cannot be read as a `T`.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, RemoteError> {
        wire::read(self.json().get())
            .map_err(|error| RemoteError::value_error(format!("bad result: {error}")))
    }

    /// The reply to send to the caller `to`. `None` for a cast.
    pub(super) fn into_outcome(self, to: Option<&ReplyTo>) -> Outcome {
        let Some(to) = to else { return Ok(None) };
        match self.0 {
            // The ids differ if a middleware returned a response that it kept from another request.
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
    fn accessors_return_what_was_sent_and_debug_shows_no_value() {
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
    fn a_response_kept_from_another_request_answers_the_new_one() {
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
