//! The way back of one request: its acknowledgement, and the replies to it.
//!
//! An acknowledgement belongs to the [session](super::session) that the request came in. Once that has ended,
//! the broker hands the request to another server, so acknowledging fails and the request must not be run.
//! Replies belong to no session: they go out over whatever connection stands.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::answers;
use super::session::Session;
use super::shared::Shared;
use crate::Result;
use crate::transport::{Delivery, NotTaken};
use crate::wire::ReplyTo;

/// The way back of one request.
#[derive(Debug)]
pub(super) struct RabbitDelivery {
    shared: Arc<Shared>,
    session: Arc<Session>,
    tag: u64,
    acknowledged: bool,
}

impl RabbitDelivery {
    pub(super) fn new(shared: Arc<Shared>, session: Arc<Session>, tag: u64) -> Self {
        Self {
            shared,
            session,
            tag,
            acknowledged: false,
        }
    }
}

#[async_trait]
impl Delivery for RabbitDelivery {
    async fn acknowledge(&mut self) -> Result<(), NotTaken> {
        // A second acknowledgement would make the broker close the channel, and requests with it.
        if std::mem::replace(&mut self.acknowledged, true) {
            return Ok(());
        }
        self.session.acknowledge(self.tag).await
    }

    async fn reply(&self, to: &ReplyTo, body: Bytes) -> Result<()> {
        answers::send(&self.shared, to, body).await
    }
}
