//! The way back of one request: its acknowledgement, and the replies to it.
//!
//! An acknowledgement belongs to the session that the request came in. Once that has ended, the broker
//! hands the request to another server, so acknowledging fails and the request must not be run. Replies
//! belong to no session: they go out over whatever connection stands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lapin::Channel;
use lapin::options::BasicAckOptions;
use tokio::time::timeout;

use super::answers;
use super::link::Link;
use super::shared::Shared;
use crate::transport::Delivery;
use crate::wire::ReplyTo;
use crate::{Error, Result};

/// How long the orderly end of a session may take.
const END_DEADLINE: Duration = Duration::from_secs(5);

/// One channel with its consumers.
#[derive(Debug)]
pub(super) struct Session {
    link: Arc<Link>,
    channel: Channel,
    ended: AtomicBool,
}

impl Session {
    pub(super) fn new(link: Arc<Link>, channel: Channel) -> Self {
        Self {
            link,
            channel,
            ended: AtomicBool::new(false),
        }
    }

    pub(super) async fn down(&self) -> Arc<str> {
        self.link.down().await
    }

    /// Closes the channel: what is not acknowledged goes back to its queue.
    pub(super) async fn end(&self, link: &Link) {
        self.ended.store(true, Ordering::SeqCst);
        if self.channel.status().connected() && link.is_up() {
            let close = link.control("channel.close", self.channel.close(200, "OK".into()));
            if let Ok(Err(fault)) = timeout(END_DEADLINE, close).await {
                tracing::debug!(why = %fault.why(), "closing a channel failed");
            }
        }
    }

    async fn acknowledge(&self, tag: u64) -> Result<()> {
        let what = "the acknowledgement of a request";
        if self.ended.load(Ordering::SeqCst) {
            return Err(Error::refused(
                what,
                "its connection has ended: another server gets it",
            ));
        }
        // To the channel itself: the delivery's own acknowledgement may never return on a cut.
        let ack = self.channel.basic_ack(tag, BasicAckOptions::default());
        match self.link.control("basic.ack", ack).await {
            Ok(()) => Ok(()),
            Err(fault) => Err(Error::refused(what, fault.why().clone())),
        }
    }
}

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
    async fn acknowledge(&mut self) -> Result<()> {
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
