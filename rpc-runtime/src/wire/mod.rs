//! The wire format of oslo.messaging: bytes in, bytes out, no I/O.
//!
//! A message is JSON inside a string inside JSON: an envelope `{"oslo.version", "oslo.message"}` whose
//! message is text. Requests and replies are written in one pass into one buffer, escaped on the way.
//! They are read by cutting the message's top level into raw pieces (`scan`), which are parsed when
//! their type is known: what is wrong inside one argument is an error of that argument alone.
//!
//! Nothing in here panics on what a peer sends, recurses with its depth, or trusts its lengths.

mod amend;
mod buffer;
mod carried;
mod context;
mod encode;
mod envelope;
mod hex;
mod id;
mod message;
mod named;
mod raw;
mod raw_request;
mod reply;
mod request;
mod salvage;
mod scan;
mod unescape;
mod words;

pub use encode::{RequestBody, RequestEncoder, failure, heartbeat, success};
pub use id::MessageId;
pub use raw_request::{RawObject, RawRequest};
pub use reply::Reply;
pub use request::{Request, reply_address, reply_address_at_end};
pub use scan::Malformed;

pub(crate) use amend::with_context;
pub(crate) use carried::Carried;
pub(crate) use encode::IdNote;
pub(crate) use envelope::{Unopened, open};
pub(crate) use named::Named;
pub(crate) use raw::read;
pub(crate) use reply::result_of;
pub(crate) use salvage::replace_lone_surrogates;
use scan::last_text;
pub(crate) use scan::{Entries, unquote};

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
