//! The routes of the last messages: most go where an earlier one went, and share its route.

use std::sync::Arc;

use super::super::amqp::Name;
use super::names::{Route, Topology};
use crate::sync::Mutex;
use crate::{Result, Target};

/// How many routes are kept, of requests and of replies each.
const KEPT: usize = 16;

/// The last routes, of requests and of replies.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    requests: Mutex<Vec<(Target, Arc<Route>)>>,
    replies: Mutex<Vec<Arc<Route>>>,
}

impl Routes {
    /// Where a request to `target` goes.
    pub(crate) fn request(&self, topology: &Topology, target: &Target) -> Result<Arc<Route>> {
        let mut kept = self.requests.lock();
        if let Some((_, route)) = recall(&mut kept, |(known, _)| is_same_place(known, target)) {
            return Ok(route.clone());
        }
        let route = Arc::new(topology.route(target)?);
        keep(&mut kept, (target.clone(), route.clone()));
        Ok(route)
    }

    /// Where a reply for that queue goes; none for a name that is too long for AMQP.
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

/// Finds one of the last, and moves it to the front.
fn recall<T>(kept: &mut [T], is_wanted: impl Fn(&T) -> bool) -> Option<&T> {
    let index = kept.iter().position(is_wanted)?;
    kept[..=index].rotate_right(1);
    kept.first()
}

/// Puts one at the front, in place of the one that was used least lately.
fn keep<T>(kept: &mut Vec<T>, new: T) {
    kept.truncate(KEPT - 1);
    kept.insert(0, new);
}

/// Whether messages for both go the same way.
fn is_same_place(one: &Target, other: &Target) -> bool {
    one.topic == other.topic
        && one.exchange == other.exchange
        && one.server == other.server
        && one.fanout == other.fanout
}

#[cfg(test)]
mod tests {
    use super::super::super::options::TopologyOptions;
    use super::*;

    #[test]
    fn messages_to_one_place_share_its_route() {
        let (routes, topology) = (Routes::default(), Topology::new(TopologyOptions::default()));
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
