//! The wire format of oslo.messaging: bytes in, bytes out, no I/O.
//!
//! A message is JSON inside a string inside JSON: an envelope `{"oslo.version", "oslo.message"}` whose
//! message is text. Requests and replies are written in one pass into one buffer, escaped on the way.
//! They are read by cutting the message's top level into raw pieces (`scan`), which are parsed when
//! their type is known: what is wrong inside one argument is an error of that argument alone.
//!
//! Nothing in here panics on what a peer sends, recurses with its depth, or trusts its lengths.

mod buffer;
mod context;
mod encode;
mod hex;
mod id;
mod message;
mod raw;
mod reply;
mod request;
mod scan;

pub use encode::{RequestBody, RequestEncoder, failure, heartbeat, success};
pub use id::MessageId;
pub use reply::Reply;
pub use request::{Request, reply_address, reply_address_at_end};
pub use scan::Malformed;

pub(crate) use raw::read;
pub(crate) use scan::{Entries, unquote};
use scan::{last_text, unescape};

use std::borrow::Cow;

use crate::Version;

/// The envelope version that is written, and the newest that is read.
const ENVELOPE_VERSION: Version = Version::new(2, 0);

/// Where a call's replies go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ReplyTo {
    /// The queue of the process that waits.
    pub queue: String,
    /// The call that waits there, as its caller wrote it.
    pub message_id: String,
}

impl ReplyTo {
    /// The call `message_id`, waiting at `queue`.
    #[must_use]
    pub fn new(queue: impl Into<String>, message_id: impl Into<String>) -> Self {
        Self {
            queue: queue.into(),
            message_id: message_id.into(),
        }
    }
}

/// The text of the message in `body`: out of its envelope, or bare, as peers of old sent it.
pub(crate) fn open(body: &[u8]) -> Result<Cow<'_, str>, Malformed> {
    if let Some(message) = open_usual(body) {
        return Ok(Cow::Owned(message));
    }
    let text = std::str::from_utf8(body)
        .map_err(|error| Malformed::new("the body is not UTF-8", error.valid_up_to()))?;
    let mut version = None;
    let mut message = None;
    for entry in Entries::new(text)? {
        let (key, value) = entry?;
        match key.as_ref() {
            "oslo.version" => version = Some(value),
            "oslo.message" => message = Some(value),
            _ => {}
        }
    }
    let (Some(version), Some(message)) = (version, message) else {
        return Ok(Cow::Borrowed(text));
    };
    let readable = unquote(version)
        .ok()
        .and_then(|version| version.parse::<Version>().ok())
        .is_some_and(|version| ENVELOPE_VERSION.is_compatible_with(version));
    if !readable {
        return Err(Malformed::new(
            "the envelope is of a version other than 2.0",
            0,
        ));
    }
    unquote(message)
}

/// The message in an envelope as everybody writes it, in one pass; none if there is anything else about it.
fn open_usual(body: &[u8]) -> Option<String> {
    let mut rest = body;
    for token in [
        "{",
        r#""oslo.version""#,
        ":",
        r#""2.0""#,
        ",",
        r#""oslo.message""#,
        ":",
        "\"",
    ] {
        rest = after_space(rest).strip_prefix(token.as_bytes())?;
    }
    let (message, rest) = unescape(rest)?;
    let rest = after_space(rest).strip_prefix(b"}")?;
    after_space(rest).is_empty().then_some(message)
}

fn after_space(json: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let text = json.iter().position(|byte| !is_space(byte));
    text.map_or(&[], |at| &json[at..])
}
