//! A call or cast as a client's middleware sees it, and what it comes to: plain data, and no I/O.

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

/// A call or cast on its way out, as a [`Middleware`](super::Middleware) sees it: what was asked of the server, already
/// as JSON.
///
/// Cloning is cheap: clones share the message, so that a middleware can keep one to
/// [`run`](super::Next::run) it again.
#[derive(Clone)]
pub struct OutgoingRequest {
    message: Arc<Message>,
    terms: Terms,
    sent: IdNote,
}

/// How the message is to be sent.
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
    /// The text of the message, once somebody has asked what is in it.
    text: OnceLock<String>,
}

impl Message {
    fn text(&self) -> &str {
        self.text.get_or_init(|| {
            let body = self.body.clone().cast();
            // What was written here can be read here.
            Request::open(&body).unwrap_or_default()
        })
    }

    fn read(&self) -> Result<Request<'_>> {
        let wrong = |error| Error::deserialize("the request", error);
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

    /// The method's description. Absent for the untyped client, which knows no interface.
    #[must_use]
    pub fn method(&self) -> Option<&'static Method> {
        self.message.method
    }

    /// The method, as named on the wire. It may be a name of old, where the version cap asks for that.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        self.message.body.method()
    }

    /// Whether the caller waits for a reply: a call, and no cast.
    #[must_use]
    pub fn is_call(&self) -> bool {
        matches!(self.terms, Terms::Call(_))
    }

    /// Where the message goes.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.message.target
    }

    /// The version that the message is stamped with.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        let request = self.message.read().ok()?;
        request.version().and(request.stamp())
    }

    /// The request context as it is sent, as a `C`: as a [`Context`](crate::Context), say, or raw, as a
    /// [`RawObject`](crate::wire::RawObject).
    ///
    /// # Errors
    ///
    /// [`Error::Deserialize`] when it does not fit.
    pub fn context<C: DeserializeOwned>(&self) -> Result<C> {
        let wrong = |error| Error::deserialize("the request context", error);
        self.message.read()?.context().map_err(wrong)
    }

    /// Sends `value` in the request context under `key`, in place of what may be there: a token, say.
    ///
    /// # Errors
    ///
    /// [`Error::Serialize`] when the value cannot be written as JSON.
    pub fn set_context<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<()> {
        let wrong = |error| Error::serialize(format!("`{key}` of the request context"), error);
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

    /// The raw JSON of the arguments, an object.
    #[must_use]
    pub fn arguments(&self) -> &str {
        let request = self.message.read();
        request.map_or("{}", |request| request.arguments())
    }

    /// How long each [run](super::Next::run) of a call may take. A cast has no timeout.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        match &self.terms {
            Terms::Call(terms) => Some(terms.timeout),
            Terms::Cast(_) => None,
        }
    }

    /// Gives each further [run](super::Next::run) of a call as much time. Of a cast it changes nothing.
    pub fn set_timeout(&mut self, timeout: Duration) {
        if let Terms::Call(terms) = &mut self.terms {
            // A call waits for its queue as long as for its reply, unless it was told otherwise.
            if terms.send.queue_wait == terms.timeout {
                terms.send.queue_wait = timeout;
            }
            terms.timeout = timeout;
        }
    }

    /// The identity by which the reply is known of the message that was last sent for this call, by this request or a
    /// clone of it. Absent before a message is sent, and for casts.
    #[must_use]
    pub fn message_id(&self) -> Option<MessageId> {
        self.sent.id()
    }

    /// What a driver needs.
    pub(super) fn into_parts(self) -> (Target, RequestBody, Terms) {
        let message = Arc::unwrap_or_clone(self.message);
        let body = message.body.noted_in(self.sent);
        (message.target, body, self.terms)
    }
}

/// Shows no argument, and nothing of the context, which holds tokens.
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

/// What a call or cast came to that did not fail: the method's result, as JSON.
///
/// A failure is an [`Error`] and no response, also one that the server raised: then it is an [`Error::Remote`].
#[derive(Debug)]
pub struct Response {
    reply: Option<Reply>,
}

impl Response {
    /// A response that did not come from a server.
    ///
    /// # Errors
    ///
    /// [`Error::Serialize`] when the result cannot be written as JSON.
    pub fn new<T: Serialize + ?Sized>(result: &T) -> Result<Self> {
        let wrong = |error| Error::serialize("the result", error);
        let json = serde_json::to_string(result).map_err(wrong)?;
        Ok(Self {
            reply: Some(Reply::of_result(json)),
        })
    }

    /// What a server replied, or the failure in it.
    pub(super) fn of(reply: Reply) -> Result<Self> {
        reply.result()?;
        Ok(Self { reply: Some(reply) })
    }

    /// What a cast comes to.
    pub(super) fn sent() -> Self {
        Self { reply: None }
    }

    /// The raw JSON of the result: `null` for a cast.
    #[must_use]
    pub fn json(&self) -> &str {
        let result = self.reply.as_ref().and_then(|reply| reply.result().ok());
        result.unwrap_or("null")
    }

    /// The result, as a `T`. The client's [`Serializer`](crate::Serializer) does not rewrite it: the caller's is yet to be.
    ///
    /// # Errors
    ///
    /// [`Error::Deserialize`] when it does not fit.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        let wrong = |error| Error::deserialize("the result", error);
        wire::read(self.json()).map_err(wrong)
    }

    pub(super) fn into_reply(self) -> Reply {
        let nothing = || Reply::of_result("null".to_owned());
        self.reply.unwrap_or_else(nothing)
    }
}
