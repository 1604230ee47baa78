//! The routes and sizes that the broker is known to accept, on one connection.
//!
//! The broker closes a channel if a message's exchange is missing, its route is denied, or it is too large. All other
//! messages on that channel are then in doubt. So a message may share a channel only if an earlier message has proved
//! that the broker accepts its route and its size.
//!
//! Plain state without I/O. Its size is bounded, since routes come from users.

use std::collections::{HashMap, HashSet};

use super::super::amqp::Name;
use super::super::topology::Route;

/// The largest body, in bytes, whose size needs no proof.
const SMALL: usize = 64 * 1024;
/// The most routing keys that are remembered, over all exchanges.
const ROUTES: usize = 4096;
/// The most exchanges that are remembered. If there are more, all are forgotten, and proved anew.
const EXCHANGES: usize = 1024;

/// The proven routes and sizes of one connection.
#[derive(Debug)]
pub(super) struct ProvenRoutes {
    exchanges: HashMap<Name, KnownExchange>,
    /// How many keys are remembered, over all exchanges.
    keys: usize,
    /// The largest body that is known to be accepted, in bytes.
    size: usize,
    /// The largest body that the broker accepts, in bytes, once the broker has named it.
    limit: Option<usize>,
}

#[derive(Debug)]
struct KnownExchange {
    /// The exchange's position among all known exchanges.
    number: usize,
    is_declared: bool,
    keys: Keys,
}

/// The proven routing keys of an exchange.
#[derive(Debug)]
enum Keys {
    These(HashSet<Name>),
    /// All keys but these. Used for the default exchange, which always exists. A user may publish to all of its keys or to
    /// none.
    AllBut(HashSet<Name>),
}

impl Default for ProvenRoutes {
    fn default() -> Self {
        Self {
            exchanges: HashMap::new(),
            keys: 0,
            size: SMALL,
            limit: None,
        }
    }
}

impl ProvenRoutes {
    /// The number of a message's exchange, if the message's route and size are proven.
    pub(super) fn find(&self, route: &Route, size: usize) -> Option<usize> {
        let exchange = self.exchanges.get(exchange_name(route))?;
        let is_proven = match &exchange.keys {
            Keys::These(keys) => keys.contains(&route.key),
            Keys::AllBut(keys) => !keys.contains(&route.key),
        };
        let exists = route.exchange.is_none() || exchange.is_declared;
        (is_proven && size <= self.size && exists).then_some(exchange.number)
    }

    /// The limit that a body of this size exceeds, if the broker has named one.
    pub(super) fn exceeded_limit(&self, size: usize) -> Option<usize> {
        self.limit.filter(|limit| size > *limit)
    }

    /// Notes the broker's limit.
    pub(super) fn learn_limit(&mut self, limit: usize) {
        self.limit = Some(limit);
        self.size = self.size.min(limit);
    }

    /// Whether the route's exchange is known to exist.
    pub(super) fn is_declared(&self, route: &Route) -> bool {
        let exchange = self.exchanges.get(exchange_name(route));
        route.exchange.is_none() || exchange.is_some_and(|exchange| exchange.is_declared)
    }

    /// Notes that the route's exchange was declared.
    pub(super) fn declared(&mut self, route: &Route) {
        self.exchange(route).is_declared = true;
    }

    /// Notes that the broker has taken or returned a message of this size. Returns the number of the route's exchange.
    pub(super) fn proved(&mut self, route: &Route, size: usize) -> usize {
        self.size = self.size.max(size);
        if self.keys >= ROUTES {
            for exchange in self.exchanges.values_mut() {
                exchange.keys = Keys::These(HashSet::new());
            }
            self.keys = 0;
        }
        let is_default = route.exchange.is_none();
        let exchange = self.exchange(route);
        let number = exchange.number;
        let (added, removed) = match &mut exchange.keys {
            keys @ Keys::These(_) if is_default => {
                *keys = Keys::AllBut(HashSet::new());
                (false, false)
            }
            Keys::These(keys) => (keys.insert(route.key.clone()), false),
            Keys::AllBut(keys) => (false, keys.remove(&route.key)),
        };
        self.keys = self.keys + usize::from(added) - usize::from(removed);
        number
    }

    /// Notes that a message got a nack or no answer, or that its topic was refused. Other routes stay proven.
    pub(super) fn doubt(&mut self, route: &Route) {
        let exchange = self.exchange(route);
        let (added, removed) = match &mut exchange.keys {
            Keys::These(keys) => (false, keys.remove(&route.key)),
            Keys::AllBut(keys) => (keys.insert(route.key.clone()), false),
        };
        self.keys = self.keys + usize::from(added) - usize::from(removed);
    }

    /// Notes that the route's exchange may be missing.
    pub(super) fn doubt_exchange(&mut self, route: &Route) {
        self.exchange(route).is_declared = false;
    }

    /// Notes that the route's exchange is missing, or that the user may not publish to it.
    pub(super) fn forget_exchange(&mut self, route: &Route) {
        let exchange = self.exchange(route);
        exchange.is_declared = false;
        let keys = std::mem::replace(&mut exchange.keys, Keys::These(HashSet::new()));
        let (Keys::These(keys) | Keys::AllBut(keys)) = keys;
        self.keys -= keys.len();
    }

    fn exchange(&mut self, route: &Route) -> &mut KnownExchange {
        let name = route
            .exchange
            .as_ref()
            .map(|exchange| exchange.name.clone());
        if self.exchanges.len() >= EXCHANGES && !self.exchanges.contains_key(exchange_name(route)) {
            self.exchanges.clear();
            self.keys = 0;
        }
        let number = self.exchanges.len();
        let exchange = self.exchanges.entry(name.unwrap_or_default());
        exchange.or_insert_with(|| KnownExchange {
            number,
            is_declared: false,
            keys: Keys::These(HashSet::new()),
        })
    }
}

fn exchange_name(route: &Route) -> &str {
    let exchange = route.exchange.as_ref();
    exchange.map_or("", |exchange| exchange.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::super::amqp::ExchangeKind;
    use super::super::super::topology::Exchange;
    use super::*;

    fn route(exchange: Option<&str>, key: &str) -> Route {
        Route {
            exchange: exchange.map(|name| Exchange {
                name: name.into(),
                kind: ExchangeKind::Topic,
                durable: false,
                auto_delete: false,
            }),
            key: key.into(),
        }
    }

    #[test]
    fn a_route_is_proven_until_it_is_doubted() {
        let mut proven = ProvenRoutes::default();
        let [a, b, other] = [(Some("x"), "a"), (Some("x"), "b"), (Some("y"), "a")]
            .map(|(exchange, key)| route(exchange, key));
        for (number, route) in [(0, &a), (0, &b), (1, &other)] {
            assert_eq!(proven.find(route, 1), None);
            assert_eq!(proven.proved(route, 1), number);
            proven.declared(route);
            assert_eq!(proven.find(route, 1), Some(number));
        }
        proven.doubt(&a);
        assert_eq!(proven.find(&a, 1), None);
        assert_eq!(proven.find(&b, 1), Some(0), "another route stays proven");
        proven.forget_exchange(&a);
        assert_eq!(proven.find(&b, 1), None);
        assert!(!proven.is_declared(&b) && proven.is_declared(&other));
        assert_eq!(proven.keys, 1);
    }

    #[test]
    fn one_key_of_the_default_exchange_proves_the_others() {
        let mut proven = ProvenRoutes::default();
        let [a, b] = ["a", "b"].map(|key| route(None, key));
        assert!(proven.is_declared(&a) && proven.find(&a, 1).is_none());
        proven.proved(&a, 1);
        assert!(proven.find(&b, 1).is_some());
        proven.doubt(&b);
        assert!(proven.find(&a, 1).is_some() && proven.find(&b, 1).is_none());
        proven.proved(&b, 1);
        assert!(proven.find(&b, 1).is_some() && proven.keys == 0);
    }

    #[test]
    fn a_size_is_proven_by_a_message_of_that_size() {
        let mut proven = ProvenRoutes::default();
        let a = route(None, "a");
        proven.proved(&a, 1);
        assert!(proven.find(&a, SMALL).is_some() && proven.find(&a, SMALL + 1).is_none());
        proven.proved(&a, 2 * SMALL);
        assert!(proven.find(&a, 2 * SMALL).is_some());
        assert_eq!(proven.exceeded_limit(usize::MAX), None);
        proven.learn_limit(SMALL);
        assert_eq!(proven.exceeded_limit(SMALL + 1), Some(SMALL));
        assert_eq!(proven.exceeded_limit(SMALL), None);
    }

    #[test]
    fn the_number_of_remembered_routes_is_bounded() {
        let mut proven = ProvenRoutes::default();
        for key in 0..=ROUTES {
            proven.proved(&route(Some("x"), &key.to_string()), 1);
        }
        assert_eq!(proven.keys, 1);
        let mut proven = ProvenRoutes::default();
        for exchange in 0..=EXCHANGES {
            let route = route(Some(&exchange.to_string()), "a");
            proven.proved(&route, 1);
            proven.doubt_exchange(&route);
        }
        assert_eq!((proven.exchanges.len(), proven.keys), (1, 1));
    }
}
