//! The `rabbit://` transport: RabbitMQ, used as oslo.messaging uses it.
//!
//! Connections are disposable. The state of RPC (topology, reply queue, retries) outlives them. The modules, from the
//! lowest to the highest:
//!
//! - [`backoff`] is the time between attempts. [`blocking`] runs blocking work on a thread.
//! - [`compression`] compresses and inflates bodies in kombu's formats, within limits, on a thread of its own.
//! - [`settings`] are a driver's settings. [`options`] reads them from a URL; [`effects`] lists the options that have
//!   no effect here.
//! - [`amqp`] is a connection to one broker. It must not know about RPC. Only it may name lapin.
//! - [`topology`] names and declares exchanges and queues.
//! - [`connection`] keeps a connection alive, on a thread that users' code cannot block.
//! - [`publish`] publishes messages with confirms.
//! - [`reply_queue`] reads the replies to this process.
//! - [`shared`] is the state that all parts of one driver share.
//! - [`serve`] takes requests and sends replies.
//! - [`driver`] decides what happens in which order, and how long it may take.

mod amqp;
mod backoff;
mod blocking;
mod compression;
mod connection;
mod driver;
mod effects;
mod options;
mod publish;
mod reply_queue;
mod serve;
mod settings;
mod shared;
mod topology;

pub(super) use driver::RabbitDriver;
#[cfg(feature = "oslo-config")]
pub(crate) use effects::{UrlEffect, effect};
#[cfg(feature = "oslo-config")]
pub(crate) use options::is_known;
