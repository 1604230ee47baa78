//! Messages as the broker delivers them, and who handles them.

use bytes::Bytes;
use lapin::types::ShortString;

use super::super::compression::{BodyFormat, Damaged, Inflated};
use super::fault::Fault;
use super::properties::Properties;

/// A message, delivered.
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
    /// The body exceeds its handler's [limit](DeliveryHandler::size_limit): all but its end was skipped.
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

    /// The body as it was before its sender compressed it. Of more than `limit` bytes, the end is kept. A body that was
    /// not kept stays as it is.
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

/// Handles what arrives on one consuming channel.
///
/// The I/O task calls these functions on the thread that reads the socket: they must not block.
pub(crate) trait DeliveryHandler: Send + Sync {
    /// The largest body that is kept in memory, in bytes. Of a larger one, the last [`KEPT_END`](super::super::compression::KEPT_END) bytes are kept.
    fn size_limit(&self) -> usize {
        usize::MAX
    }

    /// A message has arrived.
    fn delivered(&self, delivered: Delivered);

    /// The broker has processed the acknowledgements of the oldest
    /// [`acknowledge_with_receipt`](super::Acknowledger::acknowledge_with_receipt) without a receipt so far.
    fn receipt(&self) {}

    /// All that has arrived so far was handled: messages, receipts, and replies to requests of the channel.
    fn idle(&self) {}

    /// The channel has ended: nothing more arrives, and nothing can be acknowledged. Called once.
    fn ended(&self, fault: &Fault) {
        let _ = fault;
    }
}
