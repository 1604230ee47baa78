//! Messages as the broker delivers them, and who handles them.

use bytes::Bytes;
use lapin::types::ShortString;

use super::fault::Fault;
use super::properties::Properties;

/// A message, delivered.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) consumer: ShortString,
    pub(crate) tag: u64,
    pub(crate) properties: Properties,
    pub(crate) body: Bytes,
}

/// Handles what arrives on one consuming channel.
///
/// The I/O task calls these functions on the thread that reads the socket: they must not block.
pub(crate) trait DeliveryHandler: Send + Sync {
    /// A message has arrived.
    fn delivered(&self, delivered: Delivered);

    /// The broker has processed the acknowledgements of the oldest
    /// [`acknowledge_with_receipt`](super::Acknowledger::acknowledge_with_receipt) without a receipt so far.
    fn receipt(&self) {}

    /// All that has arrived so far was handled.
    fn idle(&self) {}

    /// The channel has ended: nothing more arrives, and nothing can be acknowledged. Called once.
    fn ended(&self, fault: &Fault) {
        let _ = fault;
    }
}
