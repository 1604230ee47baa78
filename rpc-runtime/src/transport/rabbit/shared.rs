//! What the parts of one driver share: connections, names, the reply table, and the flag that ends all.
//!
//! Tasks hold links and flags, never this, so that they end with the driver; listeners and requests under
//! way do hold it, since they need it to the end.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;

use super::backoff::Backoff;
use super::connection::Connection;
use super::engine::Engine;
use super::missing_queues::MissingQueues;
use super::replies::Replies;
use super::routes::Routes;
use super::topology::Topology;
use crate::Result;
use crate::transport::{ReplyTable, TransportUrl};

/// What listeners and requests under way have in common with the driver.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) url: TransportUrl,
    pub(super) engine: Arc<Engine>,
    pub(super) topology: Topology,
    pub(super) routes: Routes,
    pub(super) prefetch: u16,
    pub(super) backoff: Backoff,
    pub(super) missing_reply_queue: Duration,
    /// A broker that is short of memory blocks the connections that publish: a connection that only
    /// consumes goes on, and its acknowledgements with it.
    pub(super) publishing: Connection,
    pub(super) consuming: Connection,
    pub(super) table: ReplyTable,
    pub(super) replies: OnceLock<Replies>,
    pub(super) missing_queues: MissingQueues,
    /// Set when the driver closes; each task that must leave in good order watches it to its end.
    pub(super) closing: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    pub(super) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// The reply queue; its name is chosen with the first call.
    pub(super) fn replies(&self) -> Result<&Replies> {
        if let Some(replies) = self.replies.get() {
            return Ok(replies);
        }
        let queue = self.topology.reply_queue()?;
        let replies = self.replies.get_or_init(|| {
            Replies::new(
                queue,
                self.engine.clone(),
                self.consuming.links(),
                self.table.clone(),
                self.backoff,
                self.closing(),
            )
        });
        // Who closes the driver may have looked before it was there.
        if self.is_closing() {
            replies.close();
        }
        Ok(replies)
    }
}
