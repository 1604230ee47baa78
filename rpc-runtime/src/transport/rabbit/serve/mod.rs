//! The server's side: takes requests and sends replies.
//!
//! A [`listener_task`] runs one [`session`] after the other; a session takes requests, for each of which it needs a
//! [permit](permits). The [`reply_sender`] sends the replies over any connection. Nothing here may acknowledge a
//! request without a permit to run it, and nothing here decodes a request.

mod arrival_sender;
mod listener;
mod listener_task;
mod missing_queues;
mod outgoing_reply;
mod permits;
mod quorum_consumers;
mod reply_sender;
mod request_handler;
mod responder;
mod session;
mod stream_place;

pub(super) use listener::RabbitListener;
pub(super) use missing_queues::MissingQueues;
