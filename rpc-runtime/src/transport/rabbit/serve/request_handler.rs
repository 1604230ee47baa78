//! Passes the deliveries of a server's channel to its session, with the facts that the session needs from their
//! properties.
//!
//! It runs on the thread that reads the socket, so it must never block. It holds the session and no state of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::amqp::{Body, Delivered, DeliveryHandler, Fault, Name};
use super::super::compression::BodyFormat;
use super::quorum_consumers::queue_index;
use super::session::{ArrivedRequest, Session};
use crate::metrics::Waiting;
use crate::wire::Named;

/// Passes what the channel delivers to the session.
pub(super) struct RequestHandler {
    pub(super) session: Arc<Session>,
    /// The tag of the consumer that reads from a stream.
    pub(super) stream: Option<Name>,
    /// The queues' names, for log lines.
    pub(super) queues: [Name; 3],
    /// How often a quorum queue redelivers a message before it drops it, if there is a limit.
    pub(super) delivery_limit: Option<i64>,
}

impl RequestHandler {
    /// Warns of a request that its queue will drop soon, beyond its delivery limit.
    fn check_delivery_count(&self, delivered: &Delivered) {
        let Delivered {
            consumer,
            properties,
            body,
            ..
        } = delivered;
        let (Some(count), Some(limit)) = (properties.delivery_count, self.delivery_limit) else {
            return;
        };
        // From half of the limit on, so that there is time to find the cause.
        if count < (limit / 2).max(1) {
            return;
        }
        let queue = queue_index(consumer).and_then(|index| self.queues.get(index));
        // The names of a compressed request are not read: inflating it would delay the socket's thread.
        let named = match (body, properties.format) {
            (Body::Whole(body), BodyFormat::Plain) => Named::in_body(body),
            _ => Named::default(),
        };
        tracing::warn!(
            queue = queue.map_or("", Name::as_str),
            method = named.method(),
            request_id = named.request_id(),
            message_id = named.message_id(),
            unique_id = named.unique_id(),
            count,
            limit,
            "a request was requeued many times, and its queue drops it beyond the delivery limit: find out why servers \
             of this topic lose their connections, or raise `rabbit_quorum_delivery_limit`"
        );
    }
}

impl DeliveryHandler for RequestHandler {
    fn size_limit(&self) -> usize {
        self.session.size_limit()
    }

    fn delivered(&self, delivered: Delivered) {
        self.check_delivery_count(&delivered);
        let Delivered {
            consumer,
            tag,
            properties,
            body,
        } = delivered;
        let is_streamed = self.stream.as_ref() == Some(&consumer);
        let offset = properties.stream_offset.filter(|_| is_streamed);
        // The expiration is the time that was left of the call when the request was published (oslo.messaging: the
        // whole timeout). The request may expire later than its call, by the time that it spent in the queue.
        let left = properties.expiration.map(Duration::from_millis);
        let expires = left.and_then(|left| Instant::now().checked_add(left));
        self.session.arrived(ArrivedRequest {
            tag,
            body,
            format: properties.format,
            expires,
            offset,
            waiting: Waiting::begin(),
        });
    }

    fn idle(&self) {
        self.session.take();
    }

    fn receipt(&self) {
        self.session.receipt();
    }

    fn ended(&self, fault: &Fault) {
        self.session.ended(fault);
    }
}
