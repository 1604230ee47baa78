//! One channel with its consumers, and the acknowledgements of what came in through them.
//!
//! AMQP does not answer an acknowledgement, and one that is cut on its way means that another server gets
//! the request. So a question follows that the broker does answer, in its order: then the acknowledgement
//! has arrived, and what is redelivered to anyone has certainly not begun here. One question does for all
//! acknowledgements that were written before it. Those that come meanwhile go out with the next one, as soon
//! as there is an answer.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lapin::Channel;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::fault::Fault;
use super::frames;
use super::link::Link;
use super::port::Port;
use crate::transport::NotTaken;

/// How long the orderly end of a session may take.
const END_DEADLINE: Duration = Duration::from_secs(5);

/// A server's channel, until it ends.
#[derive(Debug)]
pub(super) struct Session {
    channel: Channel,
    port: Arc<Port>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tags: Tags,
    /// Those who wait for the next question.
    next: Vec<Waiter>,
    /// Those who wait for the answer to the last one.
    asked: Vec<Waiter>,
    /// Since when an answer is due.
    since: Option<Instant>,
    ended: bool,
}

type Waiter = oneshot::Sender<Result<(), NotTaken>>;

/// The requests to be acknowledged with the next question.
#[derive(Debug, Default)]
struct Tags {
    waiting: Vec<u64>,
    /// All up to this one have been acknowledged.
    all_up_to: u64,
    /// Some above it.
    apart: BTreeSet<u64>,
}

impl Tags {
    /// What to acknowledge now: all up to a request, if anything, and some by themselves.
    fn take(&mut self) -> (Option<u64>, Vec<u64>) {
        let mut tags = std::mem::take(&mut self.waiting);
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
    pub(super) fn new(link: &Link, channel: Channel) -> Self {
        Self {
            channel,
            port: link.port().clone(),
            state: Mutex::default(),
        }
    }

    /// Acknowledges a request; done when the broker certainly has that.
    pub(super) async fn acknowledge(&self, tag: u64) -> Result<(), NotTaken> {
        let (waiter, answer) = oneshot::channel();
        {
            let mut state = self.lock();
            if state.ended {
                return Err(NotTaken::GoneBack("its connection has ended".into()));
            }
            state.tags.waiting.push(tag);
            state.next.push(waiter);
            if state.since.is_none() {
                self.ask(&mut state);
            }
        }
        // Each waiter is told, at the latest when the session is dropped.
        let unknown = |_| Err(NotTaken::Unknown("its connection has ended".into()));
        answer.await.unwrap_or_else(unknown)
    }

    /// Acknowledges what waits, and asks whether that has arrived. Nothing may be written here once the channel
    /// is closed: so this is done under the lock.
    fn ask(&self, state: &mut State) {
        let channel = self.channel.id();
        let (all_up_to, apart) = state.tags.take();
        let sent = self.port.send(true, |out| {
            if let Some(tag) = all_up_to {
                frames::ack(out, channel, tag, true);
            }
            for tag in apart {
                frames::ack(out, channel, tag, false);
            }
            frames::flow(out, channel);
        });
        match sent {
            Ok(()) => {
                state.asked = std::mem::take(&mut state.next);
                state.since = Some(Instant::now());
            }
            Err(fault) => tell(
                state.next.drain(..),
                &Err(NotTaken::GoneBack(fault.why().clone())),
            ),
        }
    }

    /// The broker has answered.
    pub(super) fn answered(&self) {
        let asked = {
            let mut state = self.lock();
            let asked = std::mem::take(&mut state.asked);
            state.since = None;
            if !state.next.is_empty() {
                self.ask(&mut state);
            }
            asked
        };
        tell(asked, &Ok(()));
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

    /// Acknowledges nothing more: what is not acknowledged goes back to its queue.
    fn finish(&self, why: &Arc<str>) {
        let next = {
            let mut state = self.lock();
            state.ended = true;
            std::mem::take(&mut state.next)
        };
        tell(next, &Err(NotTaken::GoneBack(why.clone())));
    }

    /// There will be no more answers.
    fn give_up(&self, why: &Arc<str>) {
        self.finish(why);
        let asked = std::mem::take(&mut self.lock().asked);
        tell(asked, &Err(NotTaken::Unknown(why.clone())));
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

fn tell(waiters: impl IntoIterator<Item = Waiter>, answer: &Result<(), NotTaken>) {
    for waiter in waiters {
        // Who has gone is not told.
        let _ = waiter.send(answer.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_gap_is_acknowledged_at_once() {
        let mut known = Tags::default();
        let mut take = |tags: &[u64]| {
            known.waiting.extend(tags);
            known.take()
        };
        assert_eq!(take(&[2, 1]), (Some(2), vec![]));
        assert_eq!(take(&[4, 6]), (None, vec![4, 6]));
        assert_eq!(take(&[3]), (Some(3), vec![]), "4 is not there any more");
        assert_eq!(take(&[8, 5]), (Some(5), vec![8]));
        assert_eq!(take(&[7, 9, 10]), (Some(10), vec![]));
        assert_eq!(take(&[]), (None, vec![]));
    }
}
