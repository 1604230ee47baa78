//! Limits the exclusive channels in use: in total, and for each route, so that a queue that confirms nothing does not
//! delay the messages to other queues.
//!
//! Nothing here opens a channel. A permit must be held until the broker has answered.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::super::amqp::Name;
use super::super::topology::Route;
use crate::sync::Mutex;

/// From this number of routes on, those without a permit in use are forgotten.
const ROUTES: usize = 64;

/// A limit on exclusive channels.
#[derive(Debug)]
pub(super) struct ExclusiveLimit {
    all: Arc<Semaphore>,
    of_route: usize,
    routes: Mutex<HashMap<(Name, Name), Weak<Semaphore>>>,
}

/// The right to use an exclusive channel.
#[derive(Debug)]
pub(super) struct ExclusivePermit {
    _of_route: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl ExclusiveLimit {
    pub(super) fn new(all: usize, of_route: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all)),
            of_route,
            routes: Mutex::default(),
        }
    }

    /// A permit, if there is one now.
    pub(super) fn try_permit(&self, route: &Route) -> Option<ExclusivePermit> {
        Some(ExclusivePermit {
            _of_route: self.route(route).try_acquire_owned().ok()?,
            _of_all: self.all.clone().try_acquire_owned().ok()?,
        })
    }

    /// Waits for a permit.
    pub(super) async fn permit(&self, route: &Route) -> Result<ExclusivePermit, AcquireError> {
        let of_route = self.route(route).acquire_owned().await?;
        Ok(ExclusivePermit {
            _of_route: of_route,
            _of_all: self.all.clone().acquire_owned().await?,
        })
    }

    fn route(&self, route: &Route) -> Arc<Semaphore> {
        let exchange = route.exchange.as_ref();
        let exchange = exchange.map(|exchange| exchange.name.clone());
        let key = (exchange.unwrap_or_default(), route.key.clone());
        let mut routes = self.routes.lock();
        if routes.len() >= ROUTES {
            routes.retain(|_, limit| limit.strong_count() > 0);
        }
        let known = routes.entry(key).or_default();
        known.upgrade().unwrap_or_else(|| {
            let limit = Arc::new(Semaphore::new(self.of_route));
            *known = Arc::downgrade(&limit);
            limit
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(key: &str) -> Route {
        Route {
            exchange: None,
            key: key.into(),
        }
    }

    #[test]
    fn one_route_cannot_take_all_permits() {
        let limit = ExclusiveLimit::new(4, 3);
        let [stuck, other] = ["stuck", "other"].map(route);
        let mut held: Vec<_> = (0..3).map(|_| limit.try_permit(&stuck)).collect();
        assert!(held.iter().all(Option::is_some) && limit.try_permit(&stuck).is_none());
        let last = limit.try_permit(&other);
        assert!(last.is_some() && limit.try_permit(&other).is_none());
        held.pop();
        assert!(limit.try_permit(&other).is_some());
    }

    #[test]
    fn routes_without_permits_are_removed() {
        let limit = ExclusiveLimit::new(1, 1);
        for number in 0..3 * ROUTES {
            assert!(limit.try_permit(&route(&number.to_string())).is_some());
        }
        assert!(limit.routes.lock().len() <= ROUTES);
    }
}
