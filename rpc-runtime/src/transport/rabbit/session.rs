//! One channel with its consumers: the requests that came in through them, and how they are taken.
//!
//! A request is taken when there is a permit to run it: it is acknowledged, and handed over once it is certain
//! that the broker knows. AMQP does not answer an acknowledgement, and one that is cut on its way means that
//! another server gets the request. So a question follows that the broker does answer, in its order: then
//! the acknowledgement has arrived, and what is redelivered to anyone has certainly not begun here. One question
//! does for all requests that were taken before it; those that come meanwhile are taken as soon as there is an
//! answer. All this is done by whoever brings the news, most often the [pump](super::pump).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use lapin::Channel;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::delivery::RabbitDelivery;
use super::fault::Fault;
use super::frames;
use super::link::Link;
use super::permits::{Permit, Permits};
use super::port::Port;
use super::shared::Shared;
use crate::transport::{Arrival, Incoming};

/// How long the orderly end of a session may take.
const END_DEADLINE: Duration = Duration::from_secs(5);

/// A server's channel, until it ends.
#[derive(Debug)]
pub(super) struct Session {
    shared: Arc<Shared>,
    channel: Channel,
    port: Arc<Port>,
    permits: Arc<Permits>,
    /// The listener may be gone; then the session is about to be ended.
    arrivals: mpsc::UnboundedSender<Arrival>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What has not been taken, in the order of its tags.
    waiting: VecDeque<Waiting>,
    /// What was taken with a question that has no answer so far.
    taken: Vec<Taken>,
    /// Since when an answer is due.
    since: Option<Instant>,
    ended: bool,
}

/// A request that has not been taken.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) tag: u64,
    pub(super) body: Bytes,
    /// When it is of no use any more: the broker lets nothing expire that it has delivered.
    pub(super) expires: Option<Instant>,
}

#[derive(Debug)]
struct Taken {
    body: Bytes,
    permit: Permit,
}

impl State {
    /// Takes the requests for which there are permits; gives the tag of the last one. What has expired goes the
    /// same way, and no further.
    fn take(&mut self, permits: &Arc<Permits>) -> Option<u64> {
        let now = Instant::now();
        let mut last = None;
        while let Some(next) = self.waiting.front() {
            if next.expires.is_none_or(|expires| now < expires) {
                let Some(permit) = permits.try_take() else {
                    break;
                };
                let body = next.body.clone();
                self.taken.push(Taken { body, permit });
            } else {
                tracing::debug!("a request expired while it waited for its turn");
            }
            last = Some(next.tag);
            self.waiting.pop_front();
        }
        last
    }
}

impl Session {
    pub(super) fn new(
        shared: Arc<Shared>,
        link: &Link,
        channel: Channel,
        permits: Arc<Permits>,
        arrivals: mpsc::UnboundedSender<Arrival>,
    ) -> Arc<Self> {
        let session = Arc::new(Self {
            shared,
            channel,
            port: link.port().clone(),
            permits,
            arrivals,
            state: Mutex::default(),
        });
        session.permits.attend(&session);
        session
    }

    /// A request has come, and is to be [taken](Self::take).
    pub(super) fn arrived(&self, request: Waiting) {
        let mut state = self.lock();
        if !state.ended {
            state.waiting.push_back(request);
        }
    }

    /// Takes as many requests as may run, unless a question is under way: then its answer comes first.
    pub(super) fn take(&self) {
        let mut state = self.lock();
        if state.ended || state.since.is_some() {
            return;
        }
        let Some(last) = state.take(&self.permits) else {
            return;
        };
        // Nothing may be written here once the channel is closed: so this is done under the lock.
        let channel = self.channel.id();
        let sent = self.port.send(true, |out| {
            frames::ack(out, channel, last, true);
            frames::flow(out, channel);
        });
        match sent {
            Ok(()) => state.since = Some(Instant::now()),
            // It was not sent: the connection has ended.
            Err(fault) => {
                let taken = std::mem::take(&mut state.taken);
                drop(state);
                self.finish(fault.why());
                gone_back(taken.len(), fault.why());
            }
        }
    }

    /// The broker has answered: what was taken is the server's.
    pub(super) fn answered(&self) {
        let taken = {
            let mut state = self.lock();
            state.since = None;
            std::mem::take(&mut state.taken)
        };
        for Taken { body, permit } in taken {
            let delivery = RabbitDelivery::new(self.shared.clone(), permit);
            self.hand_over(Arrival::Request(Incoming::new(body, Arc::new(delivery))));
        }
    }

    fn hand_over(&self, arrival: Arrival) {
        let _ = self.arrivals.send(arrival);
    }

    /// Done when the broker has left a question without an answer for as long as `limit`.
    pub(super) async fn unanswered(&self, limit: Duration) {
        loop {
            sleep(limit / 4).await;
            let since = self.lock().since;
            if since.is_some_and(|since| since.elapsed() >= limit) {
                return;
            }
        }
    }

    /// Takes nothing more: what was not taken goes back to its queue.
    fn finish(&self, why: &Arc<str>) {
        let mut state = self.lock();
        state.ended = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        gone_back(waiting.len(), why);
    }

    /// There will be no more answers.
    fn give_up(&self, why: &Arc<str>) {
        self.finish(why);
        let taken = std::mem::take(&mut self.lock().taken);
        for Taken { body, .. } in taken {
            let why = why.clone();
            self.hand_over(Arrival::InDoubt { body, why });
        }
    }

    /// The broker has closed the channel.
    pub(super) fn closed(&self, fault: &Fault) {
        self.give_up(fault.why());
    }

    /// Closes the channel.
    pub(super) async fn end(&self, link: &Link) {
        let why = "its session has ended".into();
        self.finish(&why);
        if self.channel.status().connected() && link.is_up() {
            // What was asked before is answered before this is.
            let close = link.control("channel.close", self.channel.close(200, "OK".into()));
            if let Ok(Err(fault)) = timeout(END_DEADLINE, close).await {
                tracing::debug!(why = %fault.why(), "closing a channel failed");
            }
        }
        self.give_up(&why);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No section can stop half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gone_back(requests: usize, why: &Arc<str>) {
    if requests > 0 {
        tracing::debug!(requests, %why, "requests went back to the broker");
    }
}
