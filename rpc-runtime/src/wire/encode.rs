//! Writes requests and replies: one pass, one buffer, escaped on the way.
//!
//! A request is written by the client up to the point where only the transport can go on (who waits
//! where); the transport then closes it as a call or as a cast.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::carried::Carried;
use super::context::ContextSerializer;
use super::message::Message;
use super::{Entries, MessageId, ReplyTo, unquote};
use crate::sync::Mutex;
use crate::{RemoteError, Version};

/// What a request begins with.
const METHOD: &str = r#"{\"method\":"#;

/// Writes a request, in this order: arguments, then namespace and version, then the context.
///
/// A value that cannot be written leaves the message unfinished: drop it.
#[derive(Debug)]
pub struct RequestEncoder {
    message: Message,
    arguments: usize,
}

impl RequestEncoder {
    /// Begins a request for `method`.
    #[must_use]
    pub fn new(method: &str) -> Self {
        let mut message = Message::begin();
        message.text(METHOD, method);
        message.raw(r#",\"args\":{"#);
        Self {
            message,
            arguments: 0,
        }
    }

    /// Writes one argument.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON. (Floating-point numbers that JSON does not have are
    /// written as null, as `serde_json` does.)
    pub fn argument<T: Serialize + ?Sized>(
        &mut self,
        name: &str,
        value: &T,
    ) -> serde_json::Result<()> {
        let separator = if self.arguments == 0 { "" } else { "," };
        self.arguments += 1;
        self.message.text(separator, name);
        self.message.raw(":");
        self.message.value(value)
    }

    /// Closes the arguments and writes which interface they are for, and the request's context: a
    /// value that serialises to an object, each of its keys sent as `_context_<key>`.
    ///
    /// # Errors
    ///
    /// When the context is no object, or cannot be written as JSON.
    pub fn finish<C: Serialize + ?Sized>(
        mut self,
        namespace: Option<&str>,
        version: Option<Version>,
        context: &C,
    ) -> serde_json::Result<RequestBody> {
        self.close(namespace, version, context, None)?;
        Ok(self.into_body())
    }

    /// Writes all that comes behind the arguments, with entries of the message's own in the context. Only
    /// [`into_body`](Self::into_body) may follow.
    pub(crate) fn close<C: Serialize + ?Sized>(
        &mut self,
        namespace: Option<&str>,
        version: Option<Version>,
        context: &C,
        mut carried: Option<&mut Carried>,
    ) -> serde_json::Result<()> {
        let message = &mut self.message;
        message.raw("}");
        if let Some(namespace) = namespace {
            message.text(r#",\"namespace\":"#, namespace);
        }
        if let Some(version) = version {
            message.raw(r#",\"version\":\""#);
            message.plain(version);
            message.raw(r#"\""#);
        }
        context.serialize(ContextSerializer::new(message, carried.as_deref_mut()))?;
        if let Some(carried) = carried {
            for (key, value) in carried.entries() {
                message.raw(",");
                message.context_key(key)?;
                message.text(":", value);
            }
        }
        message.settle(ADDRESS);
        Ok(())
    }

    /// The request, once it is closed.
    pub(crate) fn into_body(self) -> RequestBody {
        RequestBody {
            message: self.message,
            noted: None,
        }
    }
}

/// How many bytes a message's own identity and its end take.
const END: usize = 55;

/// How many bytes come behind the context of a call to a queue with a name of the usual length.
const ADDRESS: usize = 123 + END;

/// A request that lacks only what its transport knows: who waits for the reply, and where.
#[derive(Debug, Clone)]
pub struct RequestBody {
    message: Message,
    /// Who wants to know the identity that the message gets.
    noted: Option<IdNote>,
}

/// The identity of the message that was last sent for a call, for those who cannot see the driver choose it.
#[derive(Debug, Clone, Default)]
pub(crate) struct IdNote(Arc<Mutex<Option<MessageId>>>);

impl IdNote {
    pub(crate) fn id(&self) -> Option<MessageId> {
        *self.0.lock()
    }
}

impl RequestBody {
    /// The same request, whose identity is noted there once it is a call.
    pub(crate) fn noted_in(mut self, note: IdNote) -> Self {
        self.noted = Some(note);
        self
    }

    /// The method, as named on the wire.
    #[must_use]
    pub fn method(&self) -> Cow<'_, str> {
        let written = self.message.written_after(METHOD);
        let quoted = written.strip_prefix(br#"\""#).unwrap_or_default();
        let end = quoted.iter().position(|byte| *byte == b'\\');
        match end.map(|end| quoted.split_at(end)) {
            Some((name, rest)) if rest.starts_with(br#"\""#) => {
                Cow::Borrowed(str::from_utf8(name).unwrap_or_default())
            }
            // It has something escaped in it, as no method of a trait has.
            _ => Cow::Owned(self.method_by_reading()),
        }
    }

    fn method_by_reading(&self) -> String {
        let text = super::open(self.clone().cast()).unwrap_or_default();
        let mut entries = Entries::new(&text).into_iter().flatten();
        let method = entries.find_map(|entry| entry.ok().filter(|(key, _)| key == "method"));
        let method = method.and_then(|(_, value)| unquote(value).ok());
        method.unwrap_or_default().into_owned()
    }

    /// The size of the message in bytes, but for what its transport adds: some hundred bytes.
    pub(crate) fn size(&self) -> usize {
        self.message.length()
    }

    /// The bytes of a cast.
    #[must_use]
    pub fn cast(self) -> Bytes {
        self.close()
    }

    /// The bytes of a call that waits as `id` at the queue `reply_queue`; with `monitor`, the server
    /// is asked for a sign of life at each half of that time.
    #[must_use]
    pub fn call(mut self, id: MessageId, reply_queue: &str, monitor: Option<Duration>) -> Bytes {
        if let Some(note) = self.noted.take() {
            *note.0.lock() = Some(id);
        }
        let message = &mut self.message;
        message.raw(r#",\"_msg_id\":\""#);
        message.id(id);
        message.text(r#"\",\"_reply_q\":"#, reply_queue);
        message.raw(r#",\"_timeout\":"#);
        match monitor {
            None => message.raw("null"),
            Some(monitor) => message.plain(monitor.as_secs_f64()),
        }
        self.close()
    }

    fn close(self) -> Bytes {
        end(self.message)
    }
}

/// The reply that carries a method's result.
///
/// # Errors
///
/// When the result cannot be written as JSON.
pub fn success<T: Serialize + ?Sized>(to: &ReplyTo, result: &T) -> serde_json::Result<Bytes> {
    let mut message = Message::begin();
    message.raw(r#"{\"result\":"#);
    message.value(result)?;
    message.raw(r#",\"failure\":null,\"ending\":true"#);
    Ok(address(message, to))
}

/// The reply that carries what a method raised.
#[must_use]
pub fn failure(to: &ReplyTo, error: &RemoteError) -> Bytes {
    let mut message = Message::begin();
    // Strings, and JSON values with string keys: nothing in it can fail to be written.
    let json = serde_json::to_string(error).unwrap_or_default();
    message.text(r#"{\"result\":null,\"failure\":"#, &json);
    message.raw(r#",\"ending\":true"#);
    address(message, to)
}

/// The sign of life that a running, monitored call gives.
#[must_use]
pub fn heartbeat(to: &ReplyTo) -> Bytes {
    let mut message = Message::begin();
    message.raw(r#"{\"result\":null,\"failure\":null,\"ending\":false"#);
    address(message, to)
}

fn address(mut message: Message, to: &ReplyTo) -> Bytes {
    message.text(r#",\"_msg_id\":"#, &to.message_id);
    message.settle(END);
    end(message)
}

fn end(mut message: Message) -> Bytes {
    message.raw(r#",\"_unique_id\":\""#);
    message.id(MessageId::unique());
    message.raw(r#"\"}"#);
    message.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_knows_its_method_before_it_is_sent() {
        for method in [
            "size",
            "",
            "a \"quoted\" \\ name",
            "caf\u{e9}",
            "\u{1f41f}\n",
        ] {
            let encoder = RequestEncoder::new(method);
            let body = encoder.finish(None, None, &()).unwrap();
            assert_eq!(body.method(), method);
        }
    }
}
