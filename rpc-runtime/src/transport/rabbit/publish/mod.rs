//! Messages on their way out: channels, retries, and the wait for a queue.

mod channels;
mod exclusive_limit;
mod link;
mod proven_routes;
mod publisher;
mod queue_wait;
mod unserved;

pub(super) use publisher::{Message, Outcome, Publisher};
