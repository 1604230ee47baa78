//! The targets that no server serves. Each is logged once when that begins, and once when it ends.
//!
//! Plain state of a driver, under a lock that is never held across an await. It is bounded, since targets come from
//! users. Nothing here logs: the callers do.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sync::Mutex;

/// The most targets that are remembered. When there are more, all are forgotten, and may be logged again.
const TARGETS: usize = 1000;

/// The targets whose messages had no queue. `K` is the driver's key of a target.
#[derive(Debug)]
pub(super) struct Unserved<K> {
    /// Whether there are any targets. It saves the lock in the usual case that there are none.
    any: AtomicBool,
    targets: Mutex<HashSet<K>>,
}

impl<K> Default for Unserved<K> {
    fn default() -> Self {
        Self {
            any: AtomicBool::new(false),
            targets: Mutex::default(),
        }
    }
}

impl<K: Hash + Eq> Unserved<K> {
    /// Whether there are any such targets.
    pub(super) fn has_any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Notes that a message had no queue. True for the first one of its target.
    pub(super) fn begins(&self, target: K) -> bool {
        let mut targets = self.targets.lock();
        if targets.len() >= TARGETS {
            targets.clear();
        }
        self.any.store(true, Ordering::Relaxed);
        targets.insert(target)
    }

    /// Notes that a message was taken. True if an earlier one of its target had no queue. `target` is called only if
    /// there are any such targets.
    pub(super) fn ends(&self, target: impl FnOnce() -> K) -> bool {
        if !self.has_any() {
            return false;
        }
        let mut targets = self.targets.lock();
        let was_unserved = targets.remove(&target());
        self.any.store(!targets.is_empty(), Ordering::Relaxed);
        was_unserved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_reported_once_when_unserved_and_once_when_served() {
        let unserved = Unserved::default();
        assert!(!unserved.ends(|| "one"));
        assert!(unserved.begins("one") && !unserved.begins("one") && unserved.begins("other"));
        assert!(unserved.ends(|| "one") && !unserved.ends(|| "one"));
        assert!(unserved.begins("one"));
    }
}
