//! [`OutgoingRequest`] and [`Response`]: a call or cast, and its result, as a client's middleware sees them.
//!
//! Plain data, no I/O. The `Debug` output must not contain arguments or the context, which holds tokens.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::to_raw_value;

use crate::interface::Method;
use crate::transport::{CallTerms, SendTerms};
use crate::wire::{self, IdNote, MessageId, Reply, Request, RequestBody};
use crate::{Error, Result, Target, Version};

/// A call or cast as a [`Middleware`](super::Middleware) sees it, already encoded as JSON.
///
/// Cloning is cheap: clones share the message. A middleware can keep a clone to [`run`](super::Next::run) it
/// again.
#[derive(Clone)]
pub struct OutgoingRequest {
    message: Arc<Message>,
    terms: Terms,
    sent: IdNote,
}

/// The terms of sending, which also say whether this is a call or a cast.
#[derive(Debug, Clone)]
pub(super) enum Terms {
    Call(CallTerms),
    Cast(SendTerms),
}

#[derive(Clone)]
struct Message {
    method: Option<&'static Method>,
    target: Target,
    body: RequestBody,
    /// The JSON text of the message, computed on first use.
    text: OnceLock<String>,
}

impl Message {
    fn text(&self) -> &str {
        self.text.get_or_init(|| {
            let body = self.body.clone().cast();
            // The client encoded the message itself, so parsing its envelope cannot fail.
            Request::open(&body).unwrap_or_default()
        })
    }

    fn read(&self) -> Result<Request<'_>> {
        let wrong = |error| Error::new_deserialize("the request", error);
        Request::parse(self.text()).map_err(wrong)
    }
}

impl OutgoingRequest {
    pub(super) fn new(
        method: Option<&'static Method>,
        target: Target,
        body: RequestBody,
        terms: Terms,
    ) -> Self {
        let text = OnceLock::new();
        Self {
            message: Arc::new(Message {
                method,
                target,
                body,
                text,
            }),
            terms,
            sent: IdNote::default(),
        }
    }

    /// The method's description. `None` for the untyped client, which has no interface.
    #[must_use]
    pub fn method(&self) -> Option<&'static Method> {
        self.message.method
    }

    /// The method's name on the wire. It is an older name if the form that the cap or
    /// [`CallOptions::version`](crate::CallOptions::version) selects has one.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        self.message.body.method()
    }

    /// Whether this is a call. Otherwise it is a cast.
    #[must_use]
    pub fn is_call(&self) -> bool {
        matches!(self.terms, Terms::Call(_))
    }

    /// The target of the message.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.message.target
    }

    /// The version that the message is stamped with, if any.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        let request = self.message.read().ok()?;
        request.version().and(request.stamp())
    }

    /// Decodes the request context as a `C`, such as [`Context`](crate::Context), or
    /// [`RawObject`](crate::wire::RawObject) for raw values.
    ///
    /// # Errors
    ///
    /// [`Error::Deserialize`] when the context cannot be read as a `C`.
    pub fn context<C: DeserializeOwned>(&self) -> Result<C> {
        let wrong = |error| Error::new_deserialize("the request context", error);
        self.message.read()?.context().map_err(wrong)
    }

    /// Sets `key` of the request context to `value`, and replaces a value that is there.
    ///
    /// # Errors
    ///
    /// [`Error::Serialize`] when the value cannot be written as JSON.
    pub fn set_context<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<()> {
        let wrong = |error| Error::new_serialize(format!("`{key}` of the request context"), error);
        let value = to_raw_value(value).map_err(wrong)?;
        let body = wire::with_context(self.message.text(), key, value).map_err(wrong)?;
        self.message = Arc::new(Message {
            method: self.message.method,
            target: self.message.target.clone(),
            body,
            text: OnceLock::new(),
        });
        Ok(())
    }

    /// The arguments: the text of a JSON object.
    #[must_use]
    pub fn arguments(&self) -> &str {
        let request = self.message.read();
        request.map_or("{}", |request| request.arguments())
    }

    /// The timeout of each [run](super::Next::run) of a call. A cast has none.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        match &self.terms {
            Terms::Call(terms) => Some(terms.timeout),
            Terms::Cast(_) => None,
        }
    }

    /// Sets the timeout of each further [run](super::Next::run) of a call. It has no effect on a cast.
    pub fn set_timeout(&mut self, timeout: Duration) {
        if let Terms::Call(terms) = &mut self.terms {
            // If the wait for a queue was not set, it equals the timeout, and follows it.
            if terms.send.queue_wait == terms.timeout {
                terms.send.queue_wait = timeout;
            }
            terms.timeout = timeout;
        }
    }

    /// The message id of the last message that was sent for this request or a clone of it. A reply carries
    /// the id of its call. `None` before a message is sent, and for casts.
    #[must_use]
    pub fn message_id(&self) -> Option<MessageId> {
        self.sent.id()
    }

    /// Where the message id is noted when the request is sent.
    pub(super) fn id_note(&self) -> IdNote {
        self.sent.clone()
    }

    /// The parts that a driver needs.
    pub(super) fn into_parts(self) -> (Target, RequestBody, Terms) {
        let message = Arc::unwrap_or_clone(self.message);
        let body = message.body.noted_in(self.sent);
        (message.target, body, self.terms)
    }
}

/// Omits the arguments and the context, which may hold secrets.
impl fmt::Debug for OutgoingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            message,
            terms,
            sent,
        } = self;
        f.debug_struct("OutgoingRequest")
            .field("method", &self.name())
            .field("target", &message.target)
            .field("terms", terms)
            .field("message_id", &sent.id())
            .finish_non_exhaustive()
    }
}

/// The result of a successful call or cast, as JSON.
///
/// A failure is an [`Error`] instead, even if the server raised it ([`Error::Remote`]).
#[derive(Debug)]
pub struct Response {
    reply: Option<Reply>,
}

impl Response {
    /// Creates a response that does not come from a server.
    ///
    /// # Errors
    ///
    /// [`Error::Serialize`] when the result cannot be written as JSON.
    pub fn new<T: Serialize + ?Sized>(result: &T) -> Result<Self> {
        let wrong = |error| Error::new_serialize("the result", error);
        let json = serde_json::to_string(result).map_err(wrong)?;
        Ok(Self {
            reply: Some(Reply::of_result(json)),
        })
    }

    /// The response in a server's reply, or the error in it.
    pub(super) fn of(reply: Reply) -> Result<Self> {
        reply.result()?;
        Ok(Self { reply: Some(reply) })
    }

    /// The response of a cast.
    pub(super) fn sent() -> Self {
        Self { reply: None }
    }

    /// The result as JSON text. It is `null` for a cast.
    #[must_use]
    pub fn json(&self) -> &str {
        let result = self.reply.as_ref().and_then(|reply| reply.result().ok());
        result.unwrap_or("null")
    }

    /// Decodes the result as a `T`. The client's [`Serializer`](crate::Serializer) has not been applied yet:
    /// the client applies it to what the outermost middleware returns.
    ///
    /// # Errors
    ///
    /// [`Error::Deserialize`] when the result cannot be read as a `T`.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        let wrong = |error| Error::new_deserialize("the result", error);
        wire::read(self.json()).map_err(wrong)
    }

    pub(super) fn into_reply(self) -> Reply {
        let nothing = || Reply::of_result("null".to_owned());
        self.reply.unwrap_or_else(nothing)
    }
}
