//! The consumers of quorum queues: their prefetch follows the number of free permits.
//!
//! A quorum queue counts the deliveries of each message, and drops a message at its delivery limit (20 by default from
//! RabbitMQ 4.0 on). A request that waits here for a permit is requeued when the connection ends, and each time counts.
//! So a server without free permits does not consume from quorum queues, and a server with some does not prefetch more
//! requests than it has permits for. AMQP cannot change a consumer's prefetch, so a consumer is cancelled and started
//! again. There are two exceptions:
//!
//! - With one or two free permits, each queue has a consumer with a prefetch of 1: up to two requests may then wait for
//!   the next free permit.
//! - A queue for fanouts expires when it has had no consumer for some time. So a server without free permits starts a
//!   consumer there from time to time, and cancels it at once ([`QuorumConsumers::renew`]).
//!
//! Plain state without I/O, owned by the session.

use super::super::amqp::{Consumer, Name};
use super::super::topology::Queue;

/// The number of a server's queues.
const QUEUES: usize = 3;
/// How many eighths of the free permits the queues of topic, server and fanouts get. The last eighth is spare, so
/// that not every request changes the consumers.
const EIGHTHS: [usize; QUEUES] = [3, 3, 1];

/// The consumers of a session's quorum queues.
#[derive(Debug, Default)]
pub(super) struct QuorumConsumers {
    /// The names of the queues. `None` for a queue of another type.
    queues: [Option<Name>; QUEUES],
    /// Which of the queues expire without a consumer.
    expiring: [bool; QUEUES],
    /// The largest prefetch of a consumer.
    most: u16,
    /// The consumers that are started now.
    running: Option<Running>,
    /// How often consumers were started. It is part of their tags, so that a late delivery names the consumer that it
    /// was for.
    started: u32,
}

#[derive(Debug)]
struct Running {
    prefetches: [u16; QUEUES],
    tags: Vec<Name>,
}

/// What to do with the consumers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Cancel the consumers with these tags.
    Cancel(Vec<Name>),
    /// Start these consumers.
    Start(Vec<Consumer>),
}

impl QuorumConsumers {
    /// The state before any consumer is started. `most` is the largest prefetch of each; 0 for no limit.
    pub(super) fn new(queues: &[Queue; QUEUES], most: u16) -> Self {
        Self {
            queues: queues
                .each_ref()
                .map(|queue| queue.is_quorum().then(|| queue.name.clone())),
            expiring: queues.each_ref().map(|queue| queue.expiry().is_some()),
            most: if most == 0 { u16::MAX } else { most },
            ..Self::default()
        }
    }

    #[cfg(test)]
    pub(super) fn of_quorum_queues(names: [&str; QUEUES], most: u16) -> Self {
        Self {
            queues: names.map(|name| Some(Name::from(name))),
            expiring: [false, false, true],
            most,
            ..Self::default()
        }
    }

    /// What to do when `free` permits are free. The state changes as if the caller had done it.
    ///
    /// Consumers are changed in two calls. The first one cancels them. The second one starts new ones; by then, all
    /// that was sent to the old ones has arrived.
    pub(super) fn fit(&mut self, free: usize) -> Option<Change> {
        if self.queues.iter().all(Option::is_none) {
            return None;
        }
        let wanted = (free > 0).then(|| self.share(free));
        let Some(running) = &self.running else {
            return wanted.map(|prefetches| Change::Start(self.start(prefetches)));
        };
        let has = &running.prefetches;
        let fits = wanted.is_some_and(|wanted| {
            let held: usize = has.iter().copied().map(usize::from).sum();
            let is_too_large = held > free && wanted != *has;
            let is_small = |(wanted, has): (u16, &u16)| wanted >= has.saturating_mul(2).max(1);
            !is_too_large && !wanted.into_iter().zip(has).any(is_small)
        });
        if fits {
            return None;
        }
        let running = self.running.take()?;
        Some(Change::Cancel(running.tags))
    }

    /// The consumers to start so that no queue expires, if none is running. The next call of [`fit`](Self::fit) cancels
    /// them. Up to one request of each such queue may arrive meanwhile, and waits for a permit.
    pub(super) fn renew(&mut self) -> Option<Vec<Consumer>> {
        if self.running.is_some() {
            return None;
        }
        let consumers = self.start(self.expiring.map(u16::from));
        if consumers.is_empty() {
            self.running = None;
        }
        (!consumers.is_empty()).then_some(consumers)
    }

    /// The prefetch of each consumer.
    fn share(&self, free: usize) -> [u16; QUEUES] {
        let mut index = 0;
        EIGHTHS.map(|eighths| {
            let queue = &self.queues[index];
            index += 1;
            let share = u16::try_from(free / 8 * eighths + free % 8 * eighths / 8);
            let share = share.unwrap_or(u16::MAX).clamp(1, self.most);
            if queue.is_some() { share } else { 0 }
        })
    }

    /// Starts the consumers whose prefetch is not 0.
    fn start(&mut self, prefetches: [u16; QUEUES]) -> Vec<Consumer> {
        self.started = self.started.wrapping_add(1);
        let mut consumers = Vec::new();
        for (index, (queue, prefetch)) in self.queues.iter().zip(prefetches).enumerate() {
            if let Some(queue) = queue
                && prefetch > 0
            {
                consumers.push(Consumer {
                    queue: queue.clone(),
                    tag: Name::from(format!("{}.{}", consumer_tag(index), self.started)),
                    prefetch,
                });
            }
        }
        let tags = consumers.iter().map(|consumer| consumer.tag.clone());
        self.running = Some(Running {
            prefetches,
            tags: tags.collect(),
        });
        consumers
    }
}

/// The tag of the consumer of a queue. The tags of a quorum queue's consumers begin with it.
pub(super) fn consumer_tag(index: usize) -> Name {
    Name::from((index + 1).to_string())
}

/// The index of the queue of the consumer with this tag.
pub(super) fn queue_index(consumer: &Name) -> Option<usize> {
    let (number, _) = consumer
        .as_str()
        .split_once('.')
        .unwrap_or((consumer.as_str(), ""));
    number.parse::<usize>().ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consumers(quorum: [bool; QUEUES], most: u16) -> QuorumConsumers {
        let mut index = 0;
        QuorumConsumers {
            queues: quorum.map(|quorum| {
                index += 1;
                quorum.then(|| Name::from(format!("q{index}")))
            }),
            most,
            ..QuorumConsumers::default()
        }
    }

    /// The prefetches of the consumers that `change` starts.
    fn started(change: Option<Change>) -> Vec<u16> {
        let Some(Change::Start(consumers)) = change else {
            panic!("{change:?}")
        };
        let prefetches = consumers.iter().map(|consumer| consumer.prefetch);
        prefetches.collect()
    }

    fn cancelled(change: Option<Change>) -> usize {
        let Some(Change::Cancel(tags)) = change else {
            panic!("{change:?}")
        };
        tags.len()
    }

    #[test]
    fn queues_of_other_types_are_ignored() {
        assert_eq!(consumers([false; QUEUES], 64).fit(8), None);
        let mut mixed = consumers([true, true, false], 64);
        assert_eq!(started(mixed.fit(8)), [3, 3]);
        assert_eq!(cancelled(mixed.fit(0)), 2);
    }

    #[test]
    fn without_a_free_permit_there_are_no_consumers() {
        let mut consumers = consumers([true; QUEUES], 64);
        assert_eq!(consumers.fit(0), None);
        assert_eq!(started(consumers.fit(1)), [1, 1, 1]);
        assert_eq!(consumers.fit(1), None);
        assert_eq!(cancelled(consumers.fit(0)), 3);
        assert_eq!(consumers.fit(0), None);
        assert_eq!(started(consumers.fit(2)), [1, 1, 1]);
    }

    #[test]
    fn a_queue_that_expires_gets_a_consumer_for_a_moment() {
        let mut consumers = QuorumConsumers::of_quorum_queues(["topic", "server", "fanout"], 64);
        let renewed = consumers.renew().unwrap();
        let names = renewed.iter().map(|consumer| consumer.queue.as_str());
        assert_eq!(names.collect::<Vec<_>>(), ["fanout"]);
        assert_eq!(renewed[0].prefetch, 1);
        assert_eq!(consumers.renew(), None, "it has a consumer");
        assert_eq!(cancelled(consumers.fit(0)), 1);
        assert_eq!(consumers.fit(0), None);
        assert!(consumers.renew().is_some());
        // A permit became free: the consumers of all queues follow.
        assert_eq!(cancelled(consumers.fit(8)), 1);
        assert_eq!(started(consumers.fit(8)), [3, 3, 1]);
        assert_eq!(consumers.renew(), None);
    }

    #[test]
    fn without_a_quorum_queue_that_expires_nothing_is_renewed() {
        assert_eq!(consumers([true; QUEUES], 64).renew(), None);
        let mut classic = QuorumConsumers::of_quorum_queues(["topic", "server", "fanout"], 64);
        classic.queues = [const { None }; QUEUES];
        assert_eq!(classic.renew(), None);
        assert_eq!(classic.fit(0), None);
    }

    #[test]
    fn consumers_prefetch_no_more_than_there_are_free_permits() {
        for most in [2, 64] {
            let mut consumers = consumers([true; QUEUES], most);
            let mut held = 0;
            for free in (3..=64).chain((3..64).rev()).chain([64, 3, 64]) {
                while let Some(change) = consumers.fit(free) {
                    held = match change {
                        Change::Cancel(_) => 0,
                        Change::Start(consumers) => {
                            assert!(consumers.iter().all(|consumer| consumer.prefetch <= most));
                            let held = consumers.iter().map(|consumer| consumer.prefetch);
                            held.sum::<u16>().into()
                        }
                    };
                }
                assert!(held <= free, "{held} of {free}");
                assert!(held >= 3, "{held} of {free}");
            }
        }
    }

    #[test]
    fn a_small_change_of_free_permits_changes_no_consumers() {
        let mut consumers = consumers([true; QUEUES], 64);
        assert_eq!(started(consumers.fit(64)), [24, 24, 8]);
        for free in (56..64).rev() {
            assert_eq!(consumers.fit(free), None);
        }
        assert_eq!(cancelled(consumers.fit(55)), 3);
        assert_eq!(started(consumers.fit(55)), [20, 20, 6]);
        for free in 55..=64 {
            assert_eq!(consumers.fit(free), None);
        }
    }

    #[test]
    fn a_consumers_tag_tells_its_queue() {
        let mut consumers = consumers([true; QUEUES], 64);
        for _ in 0..2 {
            let Some(Change::Start(started)) = consumers.fit(8) else {
                panic!("none is started")
            };
            for (index, consumer) in started.iter().enumerate() {
                assert_eq!(queue_index(&consumer.tag), Some(index));
            }
            consumers.fit(0);
        }
        assert_eq!(queue_index(&consumer_tag(2)), Some(2));
    }
}
