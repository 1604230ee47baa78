//! What the parts of one driver share: connections, names, the reply table, and the flag that ends all.
//!
//! Tasks hold connections and flags, never this, so that they end with the driver. Listeners and requests in flight do
//! hold it, since they need it to the end.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use super::backoff::Backoff;
use super::compression::{Compression, CompressionThread, Packed};
use super::connection::{Engine, Supervisor};
use super::publish::{Message, Publisher};
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
    /// How messages are compressed, if they are.
    pub(crate) compression: Option<Compression>,
    pub(crate) compression_thread: Arc<CompressionThread>,
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

    /// A body as it is sent.
    pub(crate) async fn pack(&self, body: Bytes) -> Packed {
        match self.compression {
            None => body.into(),
            Some(compression) => self.compression_thread.pack(compression, body).await,
        }
    }

    /// Compresses the body of a message, if that is asked for and worth it.
    pub(crate) async fn pack_message(&self, message: &mut Message) {
        let packed = self.pack(std::mem::take(&mut message.body)).await;
        message.body = packed.body;
        message.compression = packed.compression;
    }

    /// The reply queue. It is declared when the first call waits for it.
    pub(crate) fn replies(&self) -> &ReplyQueue {
        let replies = self.replies.get_or_init(|| {
            ReplyQueue::new(
                self.topology.clone(),
                self.engine.clone(),
                self.consuming.connections(),
                self.table.clone(),
                self.compression_thread.clone(),
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
