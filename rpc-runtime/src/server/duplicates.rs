//! Remembers the ids of recent requests, so that a request that is delivered again within a few minutes does not run
//! twice.
//!
//! A plain structure; the server owns its lock, and callers pass the time. Each id is kept as 128 bits, for a
//! time that outlasts reconnections. The number of ids is limited, so that no peer can exhaust the memory. At
//! the limit, the oldest id is forgotten first.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::Instant;

use crate::wire::MessageId;

/// How long a request is remembered.
const REMEMBERED: Duration = Duration::from_secs(300);
/// The most requests that are remembered. About 1,750 requests a second reach the limit within [`REMEMBERED`]. A
/// full memory takes about 35 MB, which is not released; without requests, no memory is allocated.
const CAPACITY: usize = 512 * 1024;

/// The identities of the latest requests of one server.
#[derive(Debug)]
pub(super) struct Duplicates {
    known: HashSet<u128>,
    /// The same ids, in order of arrival, with the time of arrival.
    order: VecDeque<(Instant, u128)>,
    capacity: usize,
    /// Hash functions for ids of other forms. oslo.messaging's ids are 128-bit hexadecimal numbers, which need no
    /// hash.
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

    /// Records a request. Returns false if it was recorded before.
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
        // Before the push: beyond its capacity, the queue would double its allocation.
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
    fn a_request_is_remembered_for_a_limited_time() {
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
    fn the_oldest_requests_are_forgotten_at_the_capacity() {
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
