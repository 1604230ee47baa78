//! Remembers which requests were seen, so that none runs twice.
//!
//! A plain structure without clock or lock of its own. Bounded in number; what is forgotten is the
//! oldest.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// How many requests are remembered: at 1,000 a second, what arrived in the last minute.
const CAPACITY: usize = 65_536;

/// The identities of the latest requests of one server.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    seen: HashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
}

impl Duplicates {
    /// Enters a request; false when it was there before.
    pub(super) fn insert(&mut self, unique_id: &str) -> bool {
        if self.seen.contains(unique_id) {
            return false;
        }
        if self.order.len() == CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        let unique_id: Arc<str> = unique_id.into();
        self.order.push_back(unique_id.clone());
        self.seen.insert(unique_id)
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
        for id in 1..CAPACITY {
            assert!(duplicates.insert(&id.to_string()));
        }
        assert!(!duplicates.insert("first"), "still within the capacity");
        assert!(duplicates.insert("one more"));
        assert!(duplicates.insert("first"), "the oldest is forgotten");
        assert_eq!(duplicates.seen.len(), CAPACITY);
    }
}
