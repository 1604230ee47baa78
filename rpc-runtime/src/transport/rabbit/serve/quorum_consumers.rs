//! The consumers of quorum queues: they stand while there are permits for what they may be sent.
//!
//! A quorum queue counts how often it hands a message out, and drops it at its delivery limit: by default at twenty from
//! RabbitMQ 4.0 on. A request that waits here for a permit goes back whenever the connection ends, and each time counts.
//! So a server that has no free permit does not consume from quorum queues, and one that has some consumes no more than
//! it has permits for. AMQP cannot change a consumer's prefetch, so a consumer is cancelled and started anew.
//!
//! Plain state, no I/O. With one or two free permits each queue still has a consumer, of one message: up to two requests
//! may then wait until the next permit is free.

use super::super::amqp::{Consumer, Name};
use super::super::topology::Queue;

/// The number of a server's queues.
const QUEUES: usize = 3;
/// Which parts of the free permits the queues of topic, server and fanouts get: seven eighths together, so that not
/// every request changes the consumers.
const EIGHTHS: [usize; QUEUES] = [3, 3, 1];

/// The consumers of a session's quorum queues.
#[derive(Debug, Default)]
pub(super) struct QuorumConsumers {
    /// The names of the queues; none for those of another type.
    queues: [Option<Name>; QUEUES],
    /// The most that a consumer may hold.
    most: u16,
    /// The consumers that stand.
    standing: Option<Standing>,
    /// How often consumers were started: a part of their tags, as what is delivered late names its own.
    started: u32,
}

#[derive(Debug)]
struct Standing {
    prefetches: [u16; QUEUES],
    tags: Vec<Name>,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Cancel the consumers with these tags.
    Cancel(Vec<Name>),
    Start(Vec<Consumer>),
}

impl QuorumConsumers {
    /// No consumer stands so far; each will hold `most` at most, or any number if that is 0.
    pub(super) fn new(queues: &[Queue; QUEUES], most: u16) -> Self {
        Self {
            queues: queues
                .each_ref()
                .map(|queue| queue.is_quorum().then(|| queue.name.clone())),
            most: if most == 0 { u16::MAX } else { most },
            ..Self::default()
        }
    }

    #[cfg(test)]
    pub(super) fn of_quorum_queues(names: [&str; QUEUES], most: u16) -> Self {
        Self {
            queues: names.map(|name| Some(Name::from(name))),
            most,
            ..Self::default()
        }
    }

    /// What is to be done when so many permits are free; counts as done.
    ///
    /// Consumers that stand are cancelled first. They are started when this is asked again: by then, all that was sent
    /// to the old ones has arrived.
    pub(super) fn fit(&mut self, free: usize) -> Option<Change> {
        if self.queues.iter().all(Option::is_none) {
            return None;
        }
        let wanted = (free > 0).then(|| self.share(free));
        let Some(standing) = &self.standing else {
            return wanted.map(|prefetches| Change::Start(self.start(prefetches)));
        };
        let has = &standing.prefetches;
        let fits = wanted.is_some_and(|wanted| {
            let held: usize = has.iter().copied().map(usize::from).sum();
            let is_too_large = held > free && wanted != *has;
            let is_small = |(wanted, has): (u16, &u16)| wanted >= has.saturating_mul(2).max(1);
            !is_too_large && !wanted.into_iter().zip(has).any(is_small)
        });
        if fits {
            return None;
        }
        let standing = self.standing.take()?;
        Some(Change::Cancel(standing.tags))
    }

    /// How many messages each consumer may hold.
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

    fn start(&mut self, prefetches: [u16; QUEUES]) -> Vec<Consumer> {
        self.started = self.started.wrapping_add(1);
        let mut consumers = Vec::new();
        for (index, (queue, prefetch)) in self.queues.iter().zip(prefetches).enumerate() {
            if let Some(queue) = queue {
                consumers.push(Consumer {
                    queue: queue.clone(),
                    tag: Name::from(format!("{}.{}", consumer_tag(index), self.started)),
                    prefetch,
                });
            }
        }
        let tags = consumers.iter().map(|consumer| consumer.tag.clone());
        self.standing = Some(Standing {
            prefetches,
            tags: tags.collect(),
        });
        consumers
    }
}

/// What the consumer of a queue is called, or how its name begins.
pub(super) fn consumer_tag(index: usize) -> Name {
    Name::from((index + 1).to_string())
}

/// The index of the queue of a consumer that is called so.
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

    /// The prefetches of those that are started.
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
    fn queues_of_other_types_are_left_alone() {
        assert_eq!(consumers([false; QUEUES], 64).fit(8), None);
        let mut mixed = consumers([true, true, false], 64);
        assert_eq!(started(mixed.fit(8)), [3, 3]);
        assert_eq!(cancelled(mixed.fit(0)), 2);
    }

    #[test]
    fn without_a_free_permit_none_stands() {
        let mut consumers = consumers([true; QUEUES], 64);
        assert_eq!(consumers.fit(0), None);
        assert_eq!(started(consumers.fit(1)), [1, 1, 1]);
        assert_eq!(consumers.fit(1), None);
        assert_eq!(cancelled(consumers.fit(0)), 3);
        assert_eq!(consumers.fit(0), None);
        assert_eq!(started(consumers.fit(2)), [1, 1, 1]);
    }

    #[test]
    fn they_hold_no_more_than_there_are_free_permits() {
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
    fn a_few_permits_more_or_less_change_nothing() {
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
    fn a_consumers_name_says_its_queue() {
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
