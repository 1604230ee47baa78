//! The reply queues that are missing, and the replies that wait for them.
//!
//! It is plain state under one lock, without I/O; the lock must never be held across an await. Peers choose the queues'
//! names and cause the replies, so the number of queues and the bytes that wait are bounded.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;
use tracing::Level;

use super::outgoing_reply::OutgoingReply;
use crate::metrics::{self, Lost};
use crate::sync::Mutex;

/// How long a queue that stayed missing counts as gone, as in oslo.messaging.
const REMEMBERED: Duration = Duration::from_secs(60);
/// The most replies that wait for one missing queue.
const WAITING: usize = 1000;
/// The most bytes that wait for all missing queues together.
const BYTES: usize = 64 * 1024 * 1024;
/// The most missing queues that are known at once.
const QUEUES: usize = 1000;

/// Logs a line about a reply, with the names of its request. They are read only here, since that takes time.
macro_rules! log_reply {
    ($level:ident, $queue:expr, $reply:expr, $($rest:tt)+) => {{
        let (queue, named) = ($queue, $reply.named());
        tracing::$level!(
            queue,
            method = named.method(),
            request_id = named.request_id(),
            message_id = named.message_id(),
            $($rest)+
        );
    }};
}

/// The queues that are missing.
#[derive(Debug, Default)]
pub(crate) struct MissingQueues(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    queues: HashMap<String, Missing>,
    /// The bytes of all replies that wait.
    bytes: usize,
}

#[derive(Debug)]
enum Missing {
    /// A task retries; these replies wait for it.
    Awaited(VecDeque<OutgoingReply>),
    /// Until this time, replies to the queue are dropped at once.
    Gone(Instant),
}

/// What the caller must do with a reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advice {
    Publish,
    /// Nothing: the reply waits for its queue, or was dropped.
    Done,
    /// Start a task that retries: the reply is the first one that waits for its queue.
    Probe,
}

impl MissingQueues {
    /// What to do with a reply that was not published yet.
    pub(super) fn before_publishing(&self, queue: &str, reply: &OutgoingReply) -> Advice {
        let mut state = self.0.lock();
        match state.queues.get(queue) {
            None => Advice::Publish,
            Some(Missing::Awaited(_)) => {
                state.wait(queue, reply);
                Advice::Done
            }
            Some(Missing::Gone(until)) if Instant::now() < *until => {
                drop_gone(queue, reply);
                Advice::Done
            }
            Some(Missing::Gone(_)) => {
                state.queues.remove(queue);
                Advice::Publish
            }
        }
    }

    /// What to do with a reply that the broker returned, since its queue is missing.
    pub(super) fn returned(&self, queue: &str, reply: &OutgoingReply) -> Advice {
        let mut state = self.0.lock();
        if state.queues.len() >= QUEUES {
            let now = Instant::now();
            let is_over = |missing: &Missing| matches!(missing, Missing::Gone(end) if *end <= now);
            state.queues.retain(|_, missing| !is_over(missing));
        }
        let full = state.queues.len() >= QUEUES;
        match state.queues.entry(queue.to_owned()) {
            Entry::Occupied(known) => {
                match known.get() {
                    Missing::Awaited(_) => {
                        state.wait(queue, reply);
                    }
                    Missing::Gone(_) => drop_gone(queue, reply),
                }
                Advice::Done
            }
            Entry::Vacant(_) if full => {
                metrics::replies_dropped(1, Lost::Unsent);
                log_reply!(
                    warn,
                    queue,
                    reply,
                    "dropped a reply: its queue is missing, and too many reply queues are missing already"
                );
                Advice::Done
            }
            Entry::Vacant(place) => {
                if tracing::enabled!(Level::DEBUG) {
                    log_reply!(debug, queue, reply, "a reply's queue is missing: retrying");
                }
                place.insert(Missing::Awaited(VecDeque::new()));
                if state.wait(queue, reply) {
                    Advice::Probe
                } else {
                    state.queues.remove(queue);
                    Advice::Done
                }
            }
        }
    }

    /// The next reply that waits for the queue. If there is none, the queue is removed: it was found to exist.
    pub(super) fn next_waiting(&self, queue: &str) -> Option<OutgoingReply> {
        let mut state = self.0.lock();
        if let Some(Missing::Awaited(waiting)) = state.queues.get_mut(queue)
            && let Some(next) = waiting.pop_front()
        {
            state.bytes -= next.len();
            return Some(next);
        }
        state.queues.remove(queue);
        None
    }

    /// Drops the replies that wait for the queue, and from now on those that come within [`REMEMBERED`].
    pub(super) fn gone(&self, queue: &str) {
        let until = Instant::now() + REMEMBERED;
        let mut state = self.0.lock();
        let before = state.queues.insert(queue.to_owned(), Missing::Gone(until));
        if let Some(Missing::Awaited(waiting)) = before {
            state.bytes -= waiting.iter().map(OutgoingReply::len).sum::<usize>();
            // The task holds one more, with which it probes the queue.
            let replies = waiting.len() + 1;
            metrics::replies_dropped(replies, Lost::Unsent);
            tracing::warn!(queue, replies, "dropped replies: their queue stays missing");
            // One warning for all of them: a caller that was killed may leave a thousand.
            if tracing::enabled!(Level::DEBUG) {
                for reply in &waiting {
                    log_reply!(
                        debug,
                        queue,
                        reply,
                        "dropped a reply: its queue stays missing"
                    );
                }
            }
        }
    }
}

/// Drops a reply to a queue that counts as gone.
fn drop_gone(queue: &str, reply: &OutgoingReply) {
    metrics::replies_dropped(1, Lost::Unsent);
    // Reading the names takes time, so they are read only for an enabled event.
    if tracing::enabled!(Level::DEBUG) {
        log_reply!(debug, queue, reply, "dropped a reply: its queue is gone");
    }
}

impl State {
    /// Adds a reply to those that wait for an awaited queue. False if the reply was dropped.
    fn wait(&mut self, queue: &str, reply: &OutgoingReply) -> bool {
        let Some(Missing::Awaited(waiting)) = self.queues.get_mut(queue) else {
            return false;
        };
        if waiting.len() >= WAITING || self.bytes + reply.len() > BYTES {
            let bytes = self.bytes;
            metrics::replies_dropped(1, Lost::Unsent);
            log_reply!(
                warn,
                queue,
                reply,
                replies = waiting.len(),
                bytes,
                "dropped a reply: too many replies wait for missing queues"
            );
            return false;
        }
        waiting.push_back(reply.clone());
        self.bytes += reply.len();
        true
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_missing_queue_is_awaited_then_gone_then_tried_again() {
        let queues = MissingQueues::default();
        let body = OutgoingReply::from(Bytes::from_static(b"x"));
        assert_eq!(queues.before_publishing("q", &body), Advice::Publish);
        assert_eq!(queues.returned("q", &body), Advice::Probe);
        assert_eq!(
            queues.before_publishing("q", &body),
            Advice::Done,
            "it waits"
        );
        assert_eq!(queues.returned("q", &body), Advice::Done);
        for _ in 0..3 {
            assert!(queues.next_waiting("q").is_some());
        }
        assert!(queues.next_waiting("q").is_none());
        assert_eq!(queues.before_publishing("q", &body), Advice::Publish);
        assert_eq!(queues.returned("q", &body), Advice::Probe);
        queues.gone("q");
        assert_eq!(
            queues.before_publishing("q", &body),
            Advice::Done,
            "dropped"
        );
        tokio::time::advance(REMEMBERED).await;
        assert_eq!(queues.before_publishing("q", &body), Advice::Publish);
    }

    #[tokio::test]
    async fn the_number_of_missing_queues_is_bounded() {
        let queues = MissingQueues::default();
        let body = OutgoingReply::from(Bytes::from_static(b"x"));
        for number in 0..QUEUES * 2 {
            queues.returned(&number.to_string(), &body);
        }
        assert_eq!(queues.0.lock().queues.len(), QUEUES);
        for _ in 0..WAITING * 2 {
            queues.before_publishing("1", &body);
        }
        let mut count = 0;
        while queues.next_waiting("1").is_some() {
            count += 1;
        }
        assert_eq!(count, WAITING);
        assert_eq!(
            queues.0.lock().bytes,
            QUEUES - 1,
            "one for each other queue"
        );
    }

    #[tokio::test]
    async fn the_bytes_of_waiting_replies_are_bounded() {
        let queues = MissingQueues::default();
        let body = OutgoingReply::from(Bytes::from(vec![0; BYTES / 4]));
        for number in 0..8 {
            queues.returned(&number.to_string(), &body);
        }
        assert_eq!(queues.0.lock().bytes, BYTES);
        assert_eq!(queues.0.lock().queues.len(), 4, "the others were dropped");
        for number in 0..2 {
            queues.gone(&number.to_string());
        }
        assert_eq!(queues.0.lock().bytes, BYTES / 2);
        assert_eq!(queues.returned("9", &body), Advice::Probe);
    }
}
