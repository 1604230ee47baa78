//! The state that the parts of one driver share: connections, topology, the reply table, and the flag that ends all
//! tasks.
//!
//! The tasks of connections and of the reply queue must not hold it, so that they end with the driver. Listeners and
//! requests in flight hold it, since they need it until they end.

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

/// The state that the driver, its listeners and its requests in flight share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) url: TransportUrl,
    pub(crate) engine: Arc<Engine>,
    pub(crate) topology: Arc<Topology>,
    pub(crate) routes: Routes,
    pub(crate) prefetch: u16,
    pub(crate) backoff: Backoff,
    /// How to compress messages. `None` for not at all.
    pub(crate) compression: Option<Compression>,
    pub(crate) compression_thread: Arc<CompressionThread>,
    /// How long to retry a reply whose queue is missing.
    pub(crate) missing_reply_queue: Duration,
    /// Publishes on a connection of its own. A broker that is short of memory blocks the connections that publish;
    /// deliveries and acknowledgements go on over the consuming connection.
    pub(crate) publisher: Publisher,
    pub(crate) consuming: Supervisor,
    pub(crate) table: ReplyTable,
    pub(crate) replies: OnceLock<ReplyQueue>,
    pub(crate) missing_queues: MissingQueues,
    /// Set when the driver closes. Tasks that must clean up at their end watch it.
    pub(crate) closing: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// The body as it is sent: compressed, if that is configured and makes the body smaller.
    pub(crate) async fn pack(&self, body: Bytes) -> Packed {
        match self.compression {
            None => body.into(),
            Some(compression) => self.compression_thread.pack(compression, body).await,
        }
    }

    /// Compresses the body of a message, if that is configured and makes the body smaller.
    pub(crate) async fn pack_message(&self, message: &mut Message) {
        let packed = self.pack(std::mem::take(&mut message.body)).await;
        message.body = packed.body;
        message.compression = packed.compression;
    }

    /// The reply queue. It is declared once the first call waits for it.
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
        // The driver may have been closed before the reply queue was made; `close` did not see it then.
        if self.is_closing() {
            replies.close();
        }
        replies
    }
}
