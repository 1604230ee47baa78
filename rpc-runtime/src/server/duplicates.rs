//! Remembers which requests were seen, so that none runs twice.
//!
//! A plain structure without a clock or a lock of its own. An identity is kept as 128 bits, for a time that
//! outlasts reconnections; in numbers, for as many as peers could send in that time at the rate of a busy
//! broker, and no more, whatever they send. What is forgotten is the oldest.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::Instant;

use crate::wire::MessageId;

/// How long a request is remembered.
const REMEMBERED: Duration = Duration::from_secs(300);
/// How many requests are remembered at most: at 1,700 a second they come to the same as the time. A full
/// memory takes some 35 MB, and keeps them; that of a server without requests, nothing.
const CAPACITY: usize = 512 * 1024;

/// The identities of the latest requests of one server.
#[derive(Debug)]
pub(super) struct Duplicates {
    known: HashSet<u128>,
    /// The same, in the order and with the time of their coming.
    order: VecDeque<(Instant, u128)>,
    capacity: usize,
    /// For identities that are not written as oslo.messaging does.
    digests: [RandomState; 2],
}

impl Duplicates {
    pub(super) fn new() -> Self {
        Self {
            known: HashSet::new(),
            order: VecDeque::new(),
            capacity: CAPACITY,
            digests: Default::default(),
        }
    }

    /// Enters a request; false when it was there before.
    pub(super) fn insert(&mut self, unique_id: &str, now: Instant) -> bool {
        while let Some(&(came, _)) = self.order.front()
            && now.duration_since(came) >= REMEMBERED
        {
            self.forget_oldest();
        }
        let identity = unique_id.parse().map_or_else(
            |_| {
                let [high, low] = &self.digests;
                u128::from(high.hash_one(unique_id)) << 64 | u128::from(low.hash_one(unique_id))
            },
            MessageId::as_u128,
        );
        if !self.known.insert(identity) {
            return false;
        }
        // Before there is one more: else there would be room for twice as many.
        if self.order.len() >= self.capacity {
            self.forget_oldest();
        }
        self.order.push_back((now, identity));
        true
    }

    fn forget_oldest(&mut self) {
        if let Some((_, identity)) = self.order.pop_front() {
            self.known.remove(&identity);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_known_for_its_time() {
        let began = Instant::now();
        let mut duplicates = Duplicates::new();
        let id = MessageId::unique().to_string();
        for id in ["any text", &id] {
            assert!(duplicates.insert(id, began));
            assert!(!duplicates.insert(id, began));
        }
        let later = began + REMEMBERED / 2;
        assert!(!duplicates.insert(&id, later), "its time is not over");
        assert!(duplicates.insert("another", later));
        let over = began + REMEMBERED;
        assert!(duplicates.insert(&id, over));
        assert!(!duplicates.insert("another", over), "it came later");
    }

    #[test]
    fn the_oldest_are_forgotten_when_there_are_too_many() {
        let now = Instant::now();
        let mut duplicates = Duplicates::new();
        duplicates.capacity = 1000;
        for id in 0..1000 {
            assert!(duplicates.insert(&id.to_string(), now));
        }
        assert!(!duplicates.insert("0", now), "within the capacity");
        for id in 1000..1500 {
            assert!(duplicates.insert(&id.to_string(), now));
        }
        assert_eq!(
            (duplicates.known.len(), duplicates.order.len()),
            (1000, 1000)
        );
        assert!(!duplicates.insert("501", now), "among the latest");
        assert!(duplicates.insert("0", now), "long forgotten");
    }
}
