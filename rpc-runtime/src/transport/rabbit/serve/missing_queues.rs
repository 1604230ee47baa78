//! The reply queues that are missing, and the replies that wait for them.
//!
//! Plain state under one lock that never awaits. Names come from peers, so its size is bounded.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::mutex::lock;
use bytes::Bytes;
use tokio::time::Instant;

/// How long a queue that stayed missing is remembered, as in oslo.messaging.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How many replies wait for one missing queue.
const WAITING: usize = 1000;
/// How many missing queues are known at once. Names come from peers.
const QUEUES: usize = 1000;

/// The queues that are missing.
#[derive(Debug, Default)]
pub(crate) struct MissingQueues(Mutex<HashMap<String, Missing>>);

#[derive(Debug)]
enum Missing {
    /// A task tries again, on behalf of these replies.
    Awaited(Vec<Bytes>),
    /// Nobody is expected there until then.
    Gone(Instant),
}

/// What to do with a reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advice {
    Publish,
    /// It waits, or was dropped.
    Done,
    /// It is the first one: a task must try again.
    Probe,
}

impl MissingQueues {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Missing>> {
        lock(&self.0)
    }

    pub(super) fn before_publishing(&self, queue: &str, body: &Bytes) -> Advice {
        let mut queues = self.lock();
        match queues.get_mut(queue) {
            None => Advice::Publish,
            Some(Missing::Awaited(waiting)) => {
                wait(waiting, queue, body);
                Advice::Done
            }
            Some(Missing::Gone(until)) if Instant::now() < *until => {
                tracing::debug!(queue, "the reply's queue is gone: dropped");
                Advice::Done
            }
            Some(Missing::Gone(_)) => {
                queues.remove(queue);
                Advice::Publish
            }
        }
    }

    pub(super) fn came_back(&self, queue: &str, body: &Bytes) -> Advice {
        let mut queues = self.lock();
        if queues.len() >= QUEUES {
            let now = Instant::now();
            queues.retain(|_, missing| !matches!(missing, Missing::Gone(until) if *until <= now));
        }
        let full = queues.len() >= QUEUES;
        match queues.entry(queue.to_owned()) {
            Entry::Occupied(mut known) => {
                if let Missing::Awaited(waiting) = known.get_mut() {
                    wait(waiting, queue, body);
                }
                Advice::Done
            }
            Entry::Vacant(_) if full => {
                tracing::warn!(
                    queue,
                    "the reply's queue is missing, like too many others: dropped"
                );
                Advice::Done
            }
            Entry::Vacant(place) => {
                tracing::debug!(queue, "the reply's queue is missing: trying again");
                place.insert(Missing::Awaited(vec![body.clone()]));
                Advice::Probe
            }
        }
    }

    /// The next reply that waits. When none does, the queue is forgotten: it is there.
    pub(super) fn next_waiting(&self, queue: &str) -> Option<Bytes> {
        let mut queues = self.lock();
        if let Some(Missing::Awaited(waiting)) = queues.get_mut(queue)
            && !waiting.is_empty()
        {
            return Some(waiting.remove(0));
        }
        queues.remove(queue);
        None
    }

    pub(super) fn gone(&self, queue: &str) {
        let until = Instant::now() + REMEMBERED;
        let before = self.lock().insert(queue.to_owned(), Missing::Gone(until));
        if let Some(Missing::Awaited(waiting)) = before {
            tracing::warn!(
                queue,
                replies = waiting.len() + 1,
                "the reply's queue stays missing: dropped"
            );
        }
    }
}

fn wait(waiting: &mut Vec<Bytes>, queue: &str, body: &Bytes) {
    if waiting.len() < WAITING {
        waiting.push(body.clone());
    } else {
        tracing::warn!(
            queue,
            "too many replies wait for their missing queue: dropped"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_missing_queue_is_awaited_then_gone_then_forgotten() {
        let queues = MissingQueues::default();
        let body = Bytes::from_static(b"x");
        assert_eq!(queues.before_publishing("q", &body), Advice::Publish);
        assert_eq!(queues.came_back("q", &body), Advice::Probe);
        assert_eq!(
            queues.before_publishing("q", &body),
            Advice::Done,
            "it waits"
        );
        assert_eq!(queues.came_back("q", &body), Advice::Done);
        for _ in 0..3 {
            assert!(queues.next_waiting("q").is_some());
        }
        assert!(queues.next_waiting("q").is_none());
        assert_eq!(queues.before_publishing("q", &body), Advice::Publish);
        assert_eq!(queues.came_back("q", &body), Advice::Probe);
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
    async fn what_peers_name_takes_bounded_memory() {
        let queues = MissingQueues::default();
        let body = Bytes::from_static(b"x");
        for number in 0..QUEUES * 2 {
            queues.came_back(&number.to_string(), &body);
        }
        assert_eq!(queues.lock().len(), QUEUES);
        for _ in 0..WAITING * 2 {
            queues.before_publishing("1", &body);
        }
        let mut count = 0;
        while queues.next_waiting("1").is_some() {
            count += 1;
        }
        assert_eq!(count, WAITING);
    }
}
