//! Decodes requests. Arguments and context stay raw JSON: a server knows their types only after it has found
//! the method.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::{Entries, Malformed, ReplyTo, RequestNames, context, last_text, open, unquote};
use crate::Version;

/// A decoded request. Its arguments and context are raw JSON.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    method: Cow<'a, str>,
    arguments: &'a str,
    namespace: Option<Cow<'a, str>>,
    version: Option<Cow<'a, str>>,
    unique_id: Option<Cow<'a, str>>,
    reply_to: Option<ReplyTo>,
    monitor: Option<Duration>,
    context: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a> Request<'a> {
    /// The text of the message in `body`. Pass it to [`Request::parse`].
    ///
    /// # Errors
    ///
    /// When the body is not UTF-8, is not a JSON object, or has an envelope of an unknown version.
    pub fn open(body: &[u8]) -> Result<String, Malformed> {
        let body = Bytes::copy_from_slice(body);
        open(body).map_err(|unopened| unopened.error)
    }

    /// Decodes the text of a message. Unknown keys are ignored.
    ///
    /// # Errors
    ///
    /// When the message is not a JSON object or has no method, or if the method, the namespace, the version or an id is
    /// not a string.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let mut method = None;
        let mut arguments = "{}";
        let mut namespace = None;
        let mut version = None;
        let mut unique_id = None;
        let mut message_id = None;
        let mut queue = None;
        let mut monitor = None;
        let mut entries = Vec::new();
        for entry in Entries::new(text)? {
            let (key, value) = entry?;
            match key.as_ref() {
                "method" => method = string("method", value)?,
                "args" if value != "null" => arguments = value,
                "namespace" => namespace = string("namespace", value)?,
                "version" => version = string("version", value)?,
                "_unique_id" => unique_id = string("_unique_id", value)?,
                "_msg_id" => message_id = string("_msg_id", value)?,
                "_reply_q" => queue = string("_reply_q", value)?,
                "_timeout" => monitor = seconds(value),
                _ => {
                    let name = match key {
                        Cow::Borrowed(key) => key.strip_prefix(context::PREFIX).map(Cow::Borrowed),
                        Cow::Owned(key) => key
                            .strip_prefix(context::PREFIX)
                            .map(|name| Cow::Owned(name.to_owned())),
                    };
                    if let Some(name) = name {
                        entries.push((name, value));
                    }
                }
            }
        }
        Ok(Self {
            method: method.ok_or_else(|| Malformed::new("the message has no method", 0))?,
            arguments,
            namespace,
            version,
            unique_id,
            reply_to: reply_to(queue, message_id),
            monitor,
            context: entries,
        })
    }

    /// The method's name on the wire.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The arguments as JSON text.
    #[must_use]
    pub fn arguments(&self) -> &'a str {
        self.arguments
    }

    /// The namespace of the interface, if the message has one.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The text of the message's version, if it has one.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The message's version. A message without a version counts as 1.0. `None` if its text is not a version.
    #[must_use]
    pub fn stamp(&self) -> Option<Version> {
        match self.version() {
            None => Some(Version::new(1, 0)),
            Some(version) => version.parse().ok(),
        }
    }

    /// The id of the message, by which duplicates are detected.
    #[must_use]
    pub fn unique_id(&self) -> Option<&str> {
        self.unique_id.as_deref()
    }

    /// The reply address of a call. `None` for a cast.
    #[must_use]
    pub fn reply_to(&self) -> Option<&ReplyTo> {
        self.reply_to.as_ref()
    }

    /// Adds the request's names to its reply address, for log lines about the reply.
    pub(crate) fn name_reply_to(&mut self) {
        if let Some(to) = self.reply_to.take() {
            let names = RequestNames::new(self.method(), self.context_text("request_id"));
            self.reply_to = Some(to.of_request(names));
        }
    }

    /// The monitor interval: how long the server may be silent while the method runs. `None` if the caller
    /// does not monitor the call.
    #[must_use]
    pub fn monitor(&self) -> Option<Duration> {
        self.monitor
    }

    /// The value of `key` in the context, if it is a string.
    pub(crate) fn context_text(&self, key: &str) -> Option<Cow<'a, str>> {
        let entry = self.context.iter().find(|(known, _)| known == key);
        entry.and_then(|(_, value)| unquote(value).ok())
    }

    /// All keys and values of the context whose value is a string.
    #[cfg(feature = "otel")]
    pub(crate) fn context_texts(&self) -> impl Iterator<Item = (&str, Cow<'a, str>)> {
        let entries = self.context.iter();
        entries.filter_map(|(key, value)| Some((&**key, unquote(value).ok()?)))
    }

    /// Decodes the request context as a `C`.
    ///
    /// # Errors
    ///
    /// When a value is not valid JSON, or the context cannot be read as a `C`.
    pub fn context<C: DeserializeOwned>(&self) -> serde_json::Result<C> {
        context::from_entries(&self.context)
    }
}

/// The reply address in the `end` of a message's bytes, if it is there. This library and oslo.messaging write
/// the address after the arguments.
#[must_use]
pub fn reply_address_at_end(end: &[u8]) -> Option<ReplyTo> {
    let [queue, message_id] = ["_reply_q", "_msg_id"].map(|key| last_text(end, key));
    Some(ReplyTo::new(queue?, message_id?))
}

/// The reply address of a malformed message, if it can be read.
#[must_use]
pub fn reply_address(body: &[u8]) -> Option<ReplyTo> {
    let body = String::from_utf8_lossy(body);
    // A truncated message without an envelope cannot be opened, but its beginning may contain the address.
    let text = Request::open(body.as_bytes()).unwrap_or_else(|_| body.into_owned());
    let mut message_id = None;
    let mut queue = None;
    for (key, value) in Entries::new(&text).ok()?.map_while(Result::ok) {
        match key.as_ref() {
            "_msg_id" => message_id = string("_msg_id", value).ok()?,
            "_reply_q" => queue = string("_reply_q", value).ok()?,
            _ => {}
        }
    }
    reply_to(queue, message_id)
}

fn reply_to(queue: Option<Cow<'_, str>>, message_id: Option<Cow<'_, str>>) -> Option<ReplyTo> {
    queue
        .zip(message_id)
        .map(|(queue, message_id)| ReplyTo::new(queue, message_id))
}

/// A string, or `None` for null.
fn string<'a>(key: &'static str, value: &'a str) -> Result<Option<Cow<'a, str>>, Malformed> {
    if value == "null" {
        return Ok(None);
    }
    unquote(value)
        .map(Some)
        .map_err(|error| Malformed::new(format!("`{key}`: {error}"), 0))
}

/// The monitor interval in seconds. As in oslo.messaging, a value that is not a positive number means no
/// monitoring.
fn seconds(value: &str) -> Option<Duration> {
    let seconds: f64 = value.parse().ok()?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|monitor| !monitor.is_zero())
}
