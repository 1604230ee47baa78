//! Remembers which requests were seen, so that none runs twice.
//!
//! A plain structure without clock or lock of its own. Bounded, whatever peers send: an identity is kept
//! as 128 bits, and what is forgotten is the oldest.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use crate::wire::MessageId;

/// How many requests are remembered: at 1,000 a second, what arrived in the last minute.
const CAPACITY: usize = 65_536;

/// The identities of the latest requests of one server.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    seen: HashSet<Identity>,
    order: VecDeque<Identity>,
    /// For identities that are not written as oslo.messaging does.
    digests: [RandomState; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Identity {
    Written(MessageId),
    Digest([u64; 2]),
}

impl Duplicates {
    /// Enters a request; false when it was there before.
    pub(super) fn insert(&mut self, unique_id: &str) -> bool {
        let identity = match unique_id.parse() {
            Ok(id) => Identity::Written(id),
            Err(()) => Identity::Digest([
                self.digests[0].hash_one(unique_id),
                self.digests[1].hash_one(unique_id),
            ]),
        };
        if !self.seen.insert(identity) {
            return false;
        }
        if self.order.len() == CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        self.order.push_back(identity);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_latest_and_forgets_the_oldest() {
        let mut duplicates = Duplicates::default();
        assert!(duplicates.insert("first"));
        assert!(!duplicates.insert("first"));
        let id = MessageId::unique().to_string();
        assert!(duplicates.insert(&id));
        assert!(!duplicates.insert(&id));
        for id in 2..CAPACITY {
            assert!(duplicates.insert(&id.to_string()));
        }
        assert!(!duplicates.insert("first"), "still within the capacity");
        assert!(duplicates.insert("one more"));
        assert!(duplicates.insert("first"), "the oldest is forgotten");
        assert_eq!(duplicates.seen.len(), CAPACITY);
        assert_eq!(duplicates.order.len(), CAPACITY);
    }
}
