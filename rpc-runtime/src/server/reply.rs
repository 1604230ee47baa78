//! Sends the replies of requests.

use std::sync::Arc;

use bytes::Bytes;

use crate::excerpt::excerpt;
use crate::metrics::{self, Lost};
use crate::transport::Responder;
use crate::wire::ReplyTo;

/// Sends a reply of a server of `topic`, and counts its bytes. Logs and counts a reply that cannot be sent.
pub(super) async fn send(topic: &str, responder: Arc<dyn Responder>, to: &ReplyTo, reply: Bytes) {
    metrics::replied(topic, reply.len());
    if let Err(error) = responder.reply(to, reply).await {
        tracing::warn!(
            method = to.method(), request_id = to.request_id(),
            message_id = %excerpt(&to.message_id), queue = %excerpt(&to.queue), %error,
            "a reply was not sent"
        );
        metrics::replies_dropped(1, Lost::Unsent);
    }
}
