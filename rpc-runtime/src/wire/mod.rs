//! The wire format of oslo.messaging. Bytes in, bytes out, no I/O.
//!
//! A message is a JSON text inside a JSON string: the envelope is `{"oslo.version": …, "oslo.message": "…"}`.
//! Requests and replies are encoded in one pass into one buffer. They are decoded by cutting the top level of
//! the message into raw values (`scan`). Each value is parsed later, when its type is known, so an error in
//! one argument is an error of that argument alone.
//!
//! Input comes from peers. No code here may panic on it, recurse as deep as it is nested, or trust its
//! lengths.

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
mod reply_to;
mod request;
mod salvage;
mod scan;
mod unescape;
mod words;

pub use encode::{RequestBody, RequestEncoder, failure, heartbeat, success};
pub use id::MessageId;
pub use raw_request::{RawObject, RawRequest};
pub use reply::Reply;
pub use reply_to::ReplyTo;
pub use request::{Request, reply_address, reply_address_at_end};
pub use scan::Malformed;

pub(crate) use amend::with_context;
pub(crate) use carried::Carried;
pub(crate) use encode::IdNote;
pub(crate) use envelope::{Unopened, open};
pub(crate) use named::Named;
pub(crate) use raw::read;
pub(crate) use reply::result_of;
pub(crate) use reply_to::RequestNames;
pub(crate) use salvage::replace_lone_surrogates;
use scan::last_text;
pub(crate) use scan::{Entries, unquote};
