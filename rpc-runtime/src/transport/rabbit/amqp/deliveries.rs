//! Delivered messages, and the trait of their handlers.
//!
//! A channel owns its handler. Handlers run on the thread that reads the socket, so they must never block.

use bytes::Bytes;
use lapin::types::ShortString;

use super::super::compression::{BodyFormat, Damaged, Inflated};
use super::fault::Fault;
use super::properties::Properties;

/// A delivered message.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) consumer: ShortString,
    pub(crate) tag: u64,
    pub(crate) properties: Properties,
    pub(crate) body: Body,
}

/// The body of a delivered message.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Whole(Bytes),
    /// The body exceeds its handler's [limit](DeliveryHandler::size_limit). Only its end was kept.
    End {
        end: Bytes,
        /// The size of the whole body, in bytes.
        size: usize,
    },
}

impl Body {
    /// The size of the whole body, in bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Whole(body) => body.len(),
            Self::End { size, .. } => *size,
        }
    }

    /// Inflates the body. Of a body of more than `limit` bytes, only the end is kept. A body of which only the end was
    /// received stays as it is.
    pub(crate) fn inflated(self, format: BodyFormat, limit: usize) -> Result<Self, Damaged> {
        let Self::Whole(body) = self else {
            return Ok(self);
        };
        Ok(match format.inflate(body, limit)? {
            Inflated::Whole(body) => Self::Whole(body),
            Inflated::End { end, size } => Self::End { end, size },
        })
    }
}

/// Handles the deliveries and the receipts of one consuming channel.
///
/// The I/O task calls these functions on the thread that reads the socket; [`ended`](Self::ended) may be called on any
/// thread. They must not block.
pub(crate) trait DeliveryHandler: Send + Sync {
    /// The size of the largest body that is kept in memory, in bytes. Of a larger body, the last
    /// [`KEPT_END`](super::super::compression::KEPT_END) bytes are kept.
    fn size_limit(&self) -> usize {
        usize::MAX
    }

    /// Called for each message.
    fn delivered(&self, delivered: Delivered);

    /// Called for each receipt: the broker's `channel.flow-ok`. The broker has processed all that was written before
    /// the oldest [`channel.flow`](super::Acknowledger::acknowledge_with_receipt) that had no receipt yet.
    fn receipt(&self) {}

    /// Called when all bytes that were read so far are handled, if messages, receipts or replies to requests of the
    /// channel were among them.
    fn idle(&self) {}

    /// Called once, when the channel has ended: nothing more arrives, and nothing can be acknowledged.
    fn ended(&self, fault: &Fault) {
        let _ = fault;
    }
}
