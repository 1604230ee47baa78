//! The `rabbit://` transport: the broker as oslo.messaging uses it.
//!
//! Connections are disposable. What makes RPC (topology, the reply queue, retries) is kept here and outlives them.
//! From the ground up:
//!
//! - [`backoff`], [`effects`] and [`options`] are plain values; [`blocking`] is a thread for work that blocks.
//! - [`compression`] is kombu's: formats, limits, and a thread for the work.
//! - [`amqp`] is a connection to one broker. It knows no RPC, and it alone names lapin.
//! - [`topology`] names and declares exchanges and queues.
//! - [`connection`] keeps a connection alive, on a thread that users' code cannot hold up.
//! - [`publish`] brings messages to the broker, each with its confirm.
//! - [`reply_queue`] reads the replies to this process.
//! - [`shared`] is what the parts of one driver have in common.
//! - [`serve`] takes requests and sends replies.
//! - [`driver`] says what happens in which order, and how long it may take.

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
mod shared;
mod topology;

pub(super) use driver::RabbitDriver;
#[cfg(feature = "oslo-config")]
pub(crate) use effects::{UrlEffect, effect};
#[cfg(feature = "oslo-config")]
pub(crate) use options::is_known;
