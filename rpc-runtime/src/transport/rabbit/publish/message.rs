//! A message to publish, and the outcome.
//!
//! Plain values without I/O. The caller owns a message; an attempt borrows it.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::super::amqp::{Confirmed, Publish};
use super::super::compression::{Compression, Packed};
use super::super::topology::Route;

/// A message to publish. Clones share the bytes of the body.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) route: Arc<Route>,
    pub(crate) mandatory: bool,
    /// Whether a positive confirm need not wake the sender, since it also waits for a reply.
    pub(crate) quiet: bool,
    /// Whether to send the message again when it may already be in a queue.
    pub(crate) resend: bool,
    pub(crate) body: Bytes,
    /// The format of the body, if it is compressed.
    pub(crate) compression: Option<Compression>,
    /// When the broker may drop the message.
    pub(crate) expires: Option<Instant>,
}

impl Message {
    /// The body, with its format.
    pub(crate) fn packed(&self) -> Packed {
        Packed {
            body: self.body.clone(),
            compression: self.compression,
        }
    }

    /// The message as AMQP publishes it.
    pub(super) fn publish(&self) -> Publish<'_> {
        let exchange = self.route.exchange.as_ref();
        Publish {
            exchange: exchange.map_or("", |exchange| exchange.name.as_str()),
            key: self.route.key.as_str(),
            mandatory: self.mandatory,
            expiration: self.expires.map(expiration),
            compression: self.compression,
            body: &self.body,
        }
    }
}

/// How the attempts to publish a message ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The broker has answered.
    Answered(Confirmed),
    /// The confirm was lost for this reason. The message may or may not be in a queue.
    Lost(Arc<str>),
}

/// How the delivery of a message ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// The broker has taken the message.
    Taken,
    /// The confirm was lost for this reason. The message may or may not be in a queue.
    Lost(Arc<str>),
}

/// The milliseconds until `expires`. oslo.messaging writes the call's whole timeout. With that, a server may run a request
/// after its caller has given up. RabbitMQ refuses a number of more than 32 bits.
fn expiration(expires: Instant) -> u32 {
    let left = expires.saturating_duration_since(Instant::now());
    u32::try_from(left.as_millis()).unwrap_or(u32::MAX).max(1)
}
