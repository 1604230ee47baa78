//! What the parts of one driver share: connections, names, the reply table, and the flag that ends all.
//!
//! Tasks hold connections and flags, never this, so that they end with the driver. Listeners and requests in flight do
//! hold it, since they need it to the end.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;

use super::backoff::Backoff;
use super::connection::{Engine, Supervisor};
use super::publish::Publisher;
use super::reply_queue::ReplyQueue;
use super::serve::MissingQueues;
use super::topology::{Routes, Topology};
use crate::transport::{ReplyTable, TransportUrl};

/// What listeners and requests under way have in common with the driver.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) url: TransportUrl,
    pub(crate) engine: Arc<Engine>,
    pub(crate) topology: Arc<Topology>,
    pub(crate) routes: Routes,
    pub(crate) prefetch: u16,
    pub(crate) backoff: Backoff,
    pub(crate) missing_reply_queue: Duration,
    /// A broker that is short of memory blocks the connections that publish: a connection that only consumes goes on,
    /// and its acknowledgements with it.
    pub(crate) publisher: Publisher,
    pub(crate) consuming: Supervisor,
    pub(crate) table: ReplyTable,
    pub(crate) replies: OnceLock<ReplyQueue>,
    pub(crate) missing_queues: MissingQueues,
    /// Set when the driver closes; each task that must leave in good order watches it to its end.
    pub(crate) closing: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// The reply queue. It is declared when the first call waits for it.
    pub(crate) fn replies(&self) -> &ReplyQueue {
        let replies = self.replies.get_or_init(|| {
            ReplyQueue::new(
                self.topology.clone(),
                self.engine.clone(),
                self.consuming.connections(),
                self.table.clone(),
                self.backoff,
                self.closing(),
            )
        });
        // Closing the driver may have come before the queue was there.
        if self.is_closing() {
            replies.close();
        }
        replies
    }
}
