//! The targets that no server serves. Each is logged once when that begins, and once when it ends.
//!
//! Plain state of the publisher, under a lock that is never held across an await. It is bounded, since targets come
//! from users. Nothing here logs: the callers do.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::amqp::Name;
use super::super::topology::Route;
use crate::sync::Mutex;

/// The most targets that are remembered. When there are more, all are forgotten, and may be logged again.
const TARGETS: usize = 1000;

/// The routes whose messages the broker returned.
#[derive(Debug, Default)]
pub(super) struct Unserved {
    /// Whether there are any routes. It saves the lock in the usual case that there are none.
    any: AtomicBool,
    routes: Mutex<HashSet<(Name, Name)>>,
}

impl Unserved {
    /// Whether there are any such routes.
    pub(super) fn is_any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Notes that a message was returned. True for the first one of its route.
    pub(super) fn begins(&self, route: &Route) -> bool {
        let mut routes = self.routes.lock();
        if routes.len() >= TARGETS {
            routes.clear();
        }
        self.any.store(true, Ordering::Relaxed);
        routes.insert(key(route))
    }

    /// Notes that a message was taken. True if an earlier one of its route was returned.
    pub(super) fn ends(&self, route: &Route) -> bool {
        if !self.is_any() {
            return false;
        }
        let mut routes = self.routes.lock();
        let was_unserved = routes.remove(&key(route));
        self.any.store(!routes.is_empty(), Ordering::Relaxed);
        was_unserved
    }
}

fn key(route: &Route) -> (Name, Name) {
    let exchange = route.exchange.as_ref();
    let exchange = exchange.map(|exchange| exchange.name.clone());
    (exchange.unwrap_or_default(), route.key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_reported_once_when_unserved_and_once_when_served() {
        let unserved = Unserved::default();
        let [one, other] = ["one", "other"].map(|key| Route {
            exchange: None,
            key: key.into(),
        });
        assert!(!unserved.ends(&one));
        assert!(unserved.begins(&one) && !unserved.begins(&one) && unserved.begins(&other));
        assert!(unserved.ends(&one) && !unserved.ends(&one));
        assert!(unserved.begins(&one));
    }
}
