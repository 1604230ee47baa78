//! The routes of the last messages: most go where the one before went, and share its route.

use std::sync::{Arc, Mutex};

use lapin::types::ShortString;

use super::topology::{Route, Topology};
use crate::mutex::lock;
use crate::{Result, Target};

#[derive(Debug, Default)]
pub(super) struct Routes {
    request: Mutex<Option<(Target, Arc<Route>)>>,
    reply: Mutex<Option<Arc<Route>>>,
}

impl Routes {
    /// Where a request to `target` goes.
    pub(super) fn request(&self, topology: &Topology, target: &Target) -> Result<Arc<Route>> {
        let mut last = lock(&self.request);
        if let Some((known, route)) = &*last
            && is_same_place(known, target)
        {
            return Ok(route.clone());
        }
        let route = Arc::new(topology.route(target)?);
        *last = Some((target.clone(), route.clone()));
        Ok(route)
    }

    /// Where a reply for that queue goes; none for a name that is too long for AMQP.
    pub(super) fn reply(&self, queue: &str) -> Option<Arc<Route>> {
        let mut last = lock(&self.reply);
        if let Some(route) = last.as_ref().filter(|route| route.key.as_str() == queue) {
            return Some(route.clone());
        }
        let key = ShortString::try_new(queue).ok()?;
        let exchange = None;
        Some(last.insert(Arc::new(Route { exchange, key })).clone())
    }
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
    use super::super::topology::TopologyOptions;
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
            (target, "t"),
        ] {
            let route = route(&other);
            assert_eq!(route.key.as_str(), key, "{other}");
            assert!(!Arc::ptr_eq(&first, &route));
        }
        let reply = routes.reply("r").unwrap();
        assert!(Arc::ptr_eq(&reply, &routes.reply("r").unwrap()));
        assert_eq!(routes.reply("q").unwrap().key.as_str(), "q");
        assert!(routes.reply(&"r".repeat(256)).is_none());
    }
}
