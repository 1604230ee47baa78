//! A server's side: requests that arrive, the permits to run them, and the replies that leave.

mod listener;
mod missing_queues;
mod permits;
mod quorum_consumers;
mod reply_sender;
mod responder;
mod session;
mod stream_place;

pub(super) use listener::RabbitListener;
pub(super) use missing_queues::MissingQueues;
