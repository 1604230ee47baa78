//! Encodes requests and replies in one pass into one buffer.
//!
//! The client encodes a request up to the end of its context. The result is a [`RequestBody`]. The transport
//! then adds the reply address, which only it knows, and closes the message as a call or as a cast.

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

/// The beginning of a request.
const METHOD: &str = r#"{\"method\":"#;

/// Encodes a request: first the arguments, then namespace and version, then the context.
///
/// After an error, the message is incomplete and must be dropped.
#[derive(Debug)]
pub struct RequestEncoder {
    message: Message,
    arguments: usize,
}

impl RequestEncoder {
    /// Starts a request for `method`.
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
    /// When the value cannot be written as JSON. `NaN` and infinities are written as null, as `serde_json`
    /// does.
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

    /// Writes the namespace, the version and the request context after the arguments. The context is a value
    /// that serialises to an object. Each of its keys is sent as `_context_<key>`.
    ///
    /// # Errors
    ///
    /// When the context does not serialise to an object, or cannot be written as JSON.
    pub fn finish<C: Serialize + ?Sized>(
        mut self,
        namespace: Option<&str>,
        version: Option<Version>,
        context: &C,
    ) -> serde_json::Result<RequestBody> {
        self.close(namespace, version, context, None)?;
        Ok(self.into_body())
    }

    /// Writes everything that follows the arguments, with additional entries in the context. After this, only
    /// [`into_body`](Self::into_body) may be called.
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

    /// The finished request. [`close`](Self::close) must have been called.
    pub(crate) fn into_body(self) -> RequestBody {
        RequestBody {
            message: self.message,
            noted: None,
        }
    }
}

/// The number of bytes of `_unique_id` and the end of the message.
const END: usize = 55;

/// The number of bytes after the context of a call, with a reply queue whose name has the usual length.
const ADDRESS: usize = 123 + END;

/// An encoded request without its reply address, which only the transport knows.
#[derive(Debug, Clone)]
pub struct RequestBody {
    message: Message,
    /// Where to note the message id that the driver chooses.
    noted: Option<IdNote>,
}

/// The message id of the last message that was sent for a call. The driver chooses the id; this makes it
/// known to middleware.
#[derive(Debug, Clone, Default)]
pub(crate) struct IdNote(Arc<Mutex<Option<MessageId>>>);

impl IdNote {
    pub(crate) fn id(&self) -> Option<MessageId> {
        *self.0.lock()
    }
}

impl RequestBody {
    /// The same request. [`call`](Self::call) stores the message id in `note`.
    pub(crate) fn noted_in(mut self, note: IdNote) -> Self {
        self.noted = Some(note);
        self
    }

    /// The method's name on the wire.
    #[must_use]
    pub fn method(&self) -> Cow<'_, str> {
        let written = self.message.written_after(METHOD);
        let quoted = written.strip_prefix(br#"\""#).unwrap_or_default();
        let end = quoted.iter().position(|byte| *byte == b'\\');
        match end.map(|end| quoted.split_at(end)) {
            Some((name, rest)) if rest.starts_with(br#"\""#) => {
                Cow::Borrowed(str::from_utf8(name).unwrap_or_default())
            }
            // The name contains an escape, which no method of a trait has.
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

    /// The size of the message in bytes, without the reply address, which is about a hundred bytes.
    pub(crate) fn size(&self) -> usize {
        self.message.length()
    }

    /// The bytes of a cast.
    #[must_use]
    pub fn cast(self) -> Bytes {
        self.close()
    }

    /// The bytes of a call with the message id `id`, whose reply goes to the queue `reply_queue`. With
    /// `monitor`, the server is asked to send a heartbeat twice in each such interval.
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

/// Encodes the reply with a method's result.
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

/// Encodes the reply with the error that a method raised.
#[must_use]
pub fn failure(to: &ReplyTo, error: &RemoteError) -> Bytes {
    let mut message = Message::begin();
    // Strings and JSON values with string keys can always be written.
    let json = serde_json::to_string(error).unwrap_or_default();
    message.text(r#"{\"result\":null,\"failure\":"#, &json);
    message.raw(r#",\"ending\":true"#);
    address(message, to)
}

/// Encodes a heartbeat, which a server sends while a monitored call runs.
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
    use serde_json::value::RawValue;

    use super::super::{Reply, Request};
    use super::*;

    #[test]
    fn raw_json_with_line_breaks_and_tabs_is_read_back() {
        const RAW: &str = "{\n\t\"a\":\r 1,\n\t\"b\": \"\\n\\\"\"\r\n}";
        let raw = RawValue::from_string(RAW.to_owned()).unwrap();
        let mut encoder = RequestEncoder::new("put");
        encoder.argument("json", &raw).unwrap();
        let context = std::collections::BTreeMap::from([("extra", &raw)]);
        let body = encoder.finish(None, None, &context).unwrap().cast();
        let text = Request::open(&body).unwrap();
        let request = Request::parse(&text).unwrap();
        assert_eq!(request.arguments(), format!("{{\"json\":{RAW}}}"));
        let context: std::collections::BTreeMap<String, Box<RawValue>> = request.context().unwrap();
        assert_eq!(context["extra"].get(), RAW);
        let to = ReplyTo::new("replies", "00000000000000000000000000000001");
        let reply = Reply::take(success(&to, &raw).unwrap()).unwrap();
        assert_eq!(reply.result().unwrap(), RAW);
    }

    #[test]
    fn the_method_of_an_encoded_request_is_read_back() {
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
