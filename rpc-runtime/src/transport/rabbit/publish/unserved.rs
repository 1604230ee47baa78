//! The targets that nobody serves: each is logged once when that begins, and once when it ends.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::amqp::Name;
use super::super::topology::Route;
use crate::sync::Mutex;

/// How many targets are remembered. Beyond that, all are forgotten, and logged anew.
const TARGETS: usize = 1000;

/// The routes whose messages came back.
#[derive(Debug, Default)]
pub(super) struct Unserved {
    /// Whether there are any: nearly always not.
    any: AtomicBool,
    routes: Mutex<HashSet<(Name, Name)>>,
}

impl Unserved {
    /// Whether any route is known whose messages came back.
    pub(super) fn is_any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// A message came back; true for the first of its route.
    pub(super) fn begins(&self, route: &Route) -> bool {
        let mut routes = self.routes.lock();
        if routes.len() >= TARGETS {
            routes.clear();
        }
        self.any.store(true, Ordering::Relaxed);
        routes.insert(key(route))
    }

    /// A message was taken; true if an earlier one of its route came back.
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
    fn each_target_is_logged_once_and_once_when_it_is_served() {
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
