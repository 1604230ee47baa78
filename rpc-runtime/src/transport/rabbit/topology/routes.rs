//! A cache of routes: most messages go where an earlier one went, and share its route.
//!
//! Plain state under locks that are never held across an await. The driver owns it.

use std::sync::Arc;

use super::super::amqp::Name;
use super::names::{Route, Topology};
use crate::sync::Mutex;
use crate::{Result, Target};

/// How many routes of requests are kept, and how many of replies.
const KEPT: usize = 16;

/// The most recently used routes of requests and of replies.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    requests: Mutex<Vec<(Target, Arc<Route>)>>,
    replies: Mutex<Vec<Arc<Route>>>,
}

impl Routes {
    /// The route of requests to `target`.
    pub(crate) fn request(&self, topology: &Topology, target: &Target) -> Result<Arc<Route>> {
        let mut kept = self.requests.lock();
        if let Some((_, route)) = recall(&mut kept, |(known, _)| is_same_place(known, target)) {
            return Ok(route.clone());
        }
        let route = Arc::new(topology.route(target)?);
        keep(&mut kept, (target.clone(), route.clone()));
        Ok(route)
    }

    /// The route of replies to `queue`. `None` if the name is too long for AMQP.
    pub(crate) fn reply(&self, queue: &str) -> Option<Arc<Route>> {
        let mut kept = self.replies.lock();
        if let Some(route) = recall(&mut kept, |route| route.key.as_str() == queue) {
            return Some(route.clone());
        }
        let key = Name::try_new(queue).ok()?;
        let route = Arc::new(Route {
            exchange: None,
            key,
        });
        keep(&mut kept, route.clone());
        Some(route)
    }
}

/// Finds a kept route, and moves it to the front.
fn recall<T>(kept: &mut [T], is_wanted: impl Fn(&T) -> bool) -> Option<&T> {
    let index = kept.iter().position(is_wanted)?;
    kept[..=index].rotate_right(1);
    kept.first()
}

/// Puts a route at the front. If there are too many, the least recently used one is dropped.
fn keep<T>(kept: &mut Vec<T>, new: T) {
    kept.truncate(KEPT - 1);
    kept.insert(0, new);
}

/// Whether requests to both targets have the same route.
fn is_same_place(one: &Target, other: &Target) -> bool {
    one.topic == other.topic
        && one.exchange == other.exchange
        && one.server == other.server
        && one.fanout == other.fanout
}

#[cfg(test)]
mod tests {
    use super::super::super::settings::TopologySettings;
    use super::*;

    #[test]
    fn messages_to_one_place_share_its_route() {
        let (routes, topology) = (
            Routes::default(),
            Topology::new(TopologySettings::default()),
        );
        let route = |target: &Target| routes.request(&topology, target).unwrap();
        let target = Target::new("t");
        let first = route(&target);
        let again = route(&target.clone().namespace("n").version((2, 0)));
        assert!(Arc::ptr_eq(&first, &again));
        for (other, key) in [
            (target.clone().server("s"), "t.s"),
            (target.clone().exchange("e"), "t"),
            (target.clone().fanout(true), ""),
            (Target::new("u"), "u"),
        ] {
            let route = route(&other);
            assert_eq!(route.key.as_str(), key, "{other}");
            assert!(!Arc::ptr_eq(&first, &route));
        }
        assert!(
            Arc::ptr_eq(&first, &route(&Target::new("t"))),
            "several routes are kept"
        );
        let reply = routes.reply("r").unwrap();
        assert!(Arc::ptr_eq(&reply, &routes.reply("r").unwrap()));
        assert_eq!(routes.reply("q").unwrap().key.as_str(), "q");
        assert!(routes.reply(&"r".repeat(256)).is_none());
    }
}
