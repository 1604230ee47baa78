//! Publishes messages: channels, attempts, retries, and the wait for a missing queue.
//!
//! The [`publisher`] decides whether to retry; an [`attempt`] publishes once. The other modules own the state of one
//! connection. Nothing here knows whether a message is a request or a reply.

mod attempt;
mod channels;
mod exclusive_limit;
mod link;
mod message;
mod proven_routes;
mod publisher;
mod queue_wait;

pub(super) use message::{Delivered, Message, Outcome};
pub(super) use publisher::Publisher;
