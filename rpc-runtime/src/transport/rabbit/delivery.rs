//! The way back of one request: its acknowledgement, and the replies to it.
//!
//! An acknowledgement belongs to the session that the request came in. Once that has ended, the broker
//! hands the request to another server, so acknowledging fails and the request must not be run. Replies
//! belong to no session: they go out over whatever connection stands.
//!
//! AMQP does not answer an acknowledgement, and one that is cut on its way means that another server gets
//! the request. So a question follows that the broker does answer, in its order: then the acknowledgement
//! has arrived, and what is redelivered to anyone has certainly not begun here. One question does for all
//! acknowledgements that were written before it, and the next ones wait for its answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lapin::Channel;
use lapin::options::{BasicAckOptions, ChannelFlowOptions};
use tokio::time::timeout;

use super::answers;
use super::fault::Fault;
use super::lanes::queue;
use super::link::Link;
use super::shared::Shared;
use crate::Result;
use crate::transport::{Delivery, NotTaken};
use crate::wire::ReplyTo;

/// How long the orderly end of a session may take.
const END_DEADLINE: Duration = Duration::from_secs(5);

/// One channel with its consumers.
#[derive(Debug)]
pub(super) struct Session {
    link: Arc<Link>,
    channel: Channel,
    ended: AtomicBool,
    waiting: Mutex<Waiting>,
    /// How many acknowledgements are known to have arrived. Who holds it asks for all that wait.
    arrived: tokio::sync::Mutex<u64>,
}

/// The requests to be acknowledged with the next question.
#[derive(Debug, Default)]
struct Waiting {
    tags: Vec<u64>,
    /// How many there were, with those that have been written.
    count: u64,
    /// All up to this one have been acknowledged.
    all_up_to: u64,
    /// Some above it.
    apart: BTreeSet<u64>,
}

impl Waiting {
    /// What to acknowledge now: all up to a request, if anything, and some by themselves.
    fn take(&mut self) -> (Option<u64>, Vec<u64>) {
        let mut tags = std::mem::take(&mut self.tags);
        self.apart.extend(&tags);
        while self.apart.remove(&(self.all_up_to + 1)) {
            self.all_up_to += 1;
        }
        // Not one that is acknowledged already: the broker would close the channel.
        let together = tags.iter().copied().filter(|tag| *tag <= self.all_up_to);
        let last = together.max();
        tags.retain(|tag| *tag > self.all_up_to);
        (last, tags)
    }
}

impl Session {
    pub(super) fn new(link: Arc<Link>, channel: Channel) -> Self {
        Self {
            link,
            channel,
            ended: AtomicBool::new(false),
            waiting: Mutex::default(),
            arrived: tokio::sync::Mutex::default(),
        }
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

    async fn acknowledge(&self, tag: u64) -> Result<(), NotTaken> {
        if self.ended.load(Ordering::SeqCst) {
            return Err(NotTaken::GoneBack("its connection has ended".into()));
        }
        let mine = {
            let mut waiting = self.waiting();
            waiting.tags.push(tag);
            waiting.count += 1;
            waiting.count
        };
        let mut arrived = self.arrived.lock().await;
        if *arrived >= mine {
            return Ok(());
        }
        match self.acknowledge_all().await {
            Ok(count) => {
                *arrived = count;
                Ok(())
            }
            Err(fault) => Err(NotTaken::Unknown(fault.why().clone())),
        }
    }

    /// Acknowledges what waits; done when the broker has it. Gives how many there were so far.
    async fn acknowledge_all(&self) -> Result<u64, Fault> {
        let (all_up_to, apart, count) = {
            let mut waiting = self.waiting();
            let (all_up_to, apart) = waiting.take();
            (all_up_to, apart, waiting.count)
        };
        // To the channel itself: the delivery's own acknowledgement may never return on a cut. What is queued
        // later is answered later.
        if let Some(tag) = all_up_to {
            queue(
                self.channel
                    .basic_ack(tag, BasicAckOptions { multiple: true }),
            )?;
        }
        for tag in apart {
            queue(self.channel.basic_ack(tag, BasicAckOptions::default()))?;
        }
        let active = ChannelFlowOptions { active: true };
        let question = self.channel.channel_flow(active);
        self.link.control("channel.flow", question).await?;
        Ok(count)
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        // No section can stop half-way.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_gap_is_acknowledged_at_once() {
        let mut waiting = Waiting::default();
        let mut take = |tags: &[u64]| {
            waiting.tags.extend(tags);
            waiting.take()
        };
        assert_eq!(take(&[2, 1]), (Some(2), vec![]));
        assert_eq!(take(&[4, 6]), (None, vec![4, 6]));
        assert_eq!(take(&[3]), (Some(3), vec![]), "4 is not there any more");
        assert_eq!(take(&[8, 5]), (Some(5), vec![8]));
        assert_eq!(take(&[7, 9, 10]), (Some(10), vec![]));
        assert_eq!(take(&[]), (None, vec![]));
    }
}
