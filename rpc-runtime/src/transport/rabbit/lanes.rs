//! The channels that messages are published on, each message with its confirm.
//!
//! Nearly all go over one channel, in the order in which they came: the broker then confirms many at once.
//!
//! The broker closes a channel over a message that it refuses, or whose exchange is missing, and whatever waits
//! there for its confirm is in doubt. So what may end like that goes alone, on one of a few other channels: the
//! first message of each route, and large ones. And while the broker is silent, what comes goes alone, too: then
//! few messages are in doubt when the connection turns out to be dead, and one queue that is slow to confirm
//! holds nobody up.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lapin::Channel;
use lapin::types::ShortString;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::confirms::{Channels, Confirm, Confirms, Then};
use super::fault::Fault;
use super::frames::{self, Publish};
use super::link::Link;
use super::port::Port;
use super::topology::Route;
use crate::mutex::lock;

/// How many messages may be alone on their channels at once.
const ALONE: usize = 8;
/// In bytes: what is larger goes alone. Brokers have a limit, of 16 MB at the least by default.
const LARGE: usize = 1024 * 1024;
/// After how long without a confirm messages go alone. A busy broker that is well takes a fraction of it.
const SILENT: Duration = Duration::from_millis(100);
/// How many routes are remembered as good.
const ROUTES: usize = 4096;

/// The publishing channels of one link.
#[derive(Debug)]
pub(super) struct Lanes {
    shared: Mutex<Option<Arc<Lane>>>,
    /// Held while the shared one is opened.
    opening: tokio::sync::Mutex<()>,
    idle: Mutex<Vec<Arc<Lane>>>,
    permits: Arc<Semaphore>,
    good: Mutex<GoodRoutes>,
}

/// The right to publish one message.
#[derive(Debug)]
pub(super) enum Ticket {
    Shared,
    Alone(OwnedSemaphorePermit),
}

/// A message to be published.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub(super) route: &'a Route,
    pub(super) mandatory: bool,
    /// In milliseconds.
    pub(super) expiration: Option<u32>,
    pub(super) body: &'a [u8],
}

/// A channel in confirm mode.
#[derive(Debug)]
pub(super) struct Lane {
    /// Held open; lapin does not know that there are messages on it.
    channel: Channel,
    port: Arc<Port>,
    frame_max: usize,
    confirms: Arc<Confirms>,
    publishing: Channels,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            shared: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(ALONE)),
            good: Mutex::default(),
        }
    }
}

impl Lanes {
    /// Whether a message may go together with others now.
    pub(super) fn may_share(&self, route: &Route, bytes: usize) -> bool {
        let is_silent = || {
            self.shared()
                .is_some_and(|lane| lane.confirms.is_silent(SILENT))
        };
        bytes < LARGE && lock(&self.good).contains(route) && !is_silent()
    }

    /// The right to publish; none while all channels for those who go alone are taken.
    pub(super) fn try_ticket(&self, route: &Route, bytes: usize) -> Option<Ticket> {
        if self.may_share(route, bytes) {
            return Some(Ticket::Shared);
        }
        let permit = self.permits.clone().try_acquire_owned();
        permit.ok().map(Ticket::Alone)
    }

    /// Waits for the right to go alone.
    pub(super) async fn ticket(&self) -> Result<Ticket, Fault> {
        let permit = self.permits.clone().acquire_owned().await;
        // The semaphore is never closed; were it, the link would be of no use.
        permit.map_or_else(
            |_| Err(Fault::lost("the link has ended")),
            |permit| Ok(Ticket::Alone(permit)),
        )
    }

    /// The channel for a message.
    pub(super) async fn lane(&self, ticket: &Ticket, link: &Link) -> Result<Arc<Lane>, Fault> {
        match ticket {
            Ticket::Shared => {
                if let Some(lane) = self.shared() {
                    return Ok(lane);
                }
                let _opening = self.opening.lock().await;
                if let Some(lane) = self.shared() {
                    return Ok(lane);
                }
                let lane = Lane::open(link).await?;
                *lock(&self.shared) = Some(lane.clone());
                Ok(lane)
            }
            Ticket::Alone(_) => {
                while let Some(lane) = self.take_idle() {
                    if lane.is_open() {
                        return Ok(lane);
                    }
                }
                Lane::open(link).await
            }
        }
    }

    /// The channel that most messages share, if it is open.
    pub(super) fn shared(&self) -> Option<Arc<Lane>> {
        lock(&self.shared)
            .as_ref()
            .filter(|lane| lane.is_open())
            .cloned()
    }

    fn take_idle(&self) -> Option<Arc<Lane>> {
        lock(&self.idle).pop()
    }

    /// The broker has taken a message, or returned it: there is nothing wrong with its route.
    pub(super) fn settled(&self, ticket: Ticket, lane: Arc<Lane>, route: &Route) {
        if let Ticket::Alone(permit) = ticket {
            lock(&self.good).insert(route);
            let mut shared = lock(&self.shared);
            if shared.is_none() {
                *shared = Some(lane);
            } else {
                // The last one used goes first: few are ever opened.
                lock(&self.idle).push(lane);
            }
            drop(shared);
            drop(permit);
        }
    }

    /// A message got no confirm, or a bad one: its route may have become a bad one. Its channel takes no more:
    /// after an election of a queue's leader, brokers go on to refuse on the same channel.
    pub(super) fn failed(&self, lane: &Arc<Lane>, route: &Route) {
        lock(&self.good).remove(route);
        let mut shared = lock(&self.shared);
        if shared
            .as_ref()
            .is_some_and(|shared| Arc::ptr_eq(shared, lane))
        {
            *shared = None;
        }
    }
}

impl Lane {
    async fn open(link: &Link) -> Result<Arc<Self>, Fault> {
        let channel = link.open_channel().await?;
        let confirms = Arc::<Confirms>::default();
        let publishing = link.inbound().publishing.clone();
        publishing.add(channel.id(), confirms.clone());
        let lane = Self {
            channel,
            port: link.port().clone(),
            frame_max: link.frame_max(),
            confirms,
            publishing,
        };
        let id = lane.channel.id();
        lane.port
            .send(false, |out| frames::confirm_select(out, id))?;
        if !link.is_up() {
            lane.confirms.lost(&"the connection was cut".into());
        }
        Ok(Arc::new(lane))
    }

    fn is_open(&self) -> bool {
        !self.confirms.is_closed() && self.channel.status().connected()
    }

    /// Publishes a message, behind all that were published here before; see [`Confirms::publish`].
    pub(super) fn publish(&self, message: Outgoing<'_>, quiet: bool) -> Confirm {
        self.confirms
            .publish(quiet, |number, alone| self.send(message, number, alone))
    }

    /// The same, for nobody to wait; see [`Confirms::publish_then`].
    pub(super) fn publish_then(&self, message: Outgoing<'_>, then: Then) {
        self.confirms
            .publish_then(then, |number, alone| self.send(message, number, alone));
    }

    fn send(&self, message: Outgoing<'_>, number: u64, alone: bool) -> Result<(), Fault> {
        let exchange = message.route.exchange.as_ref();
        let message = Publish {
            channel: self.channel.id(),
            exchange: exchange.map_or("", |exchange| exchange.name.as_str()),
            key: message.route.key.as_str(),
            mandatory: message.mandatory,
            expiration: message.expiration,
            // By this the broker's return is known; oslo.messaging sets none, and ignores it.
            message_id: number,
            body: message.body,
        };
        // The first of many goes at once, and those that come until it is confirmed go together.
        self.port
            .send(alone, |out| frames::publish(out, &message, self.frame_max))
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.publishing.remove(self.channel.id(), &self.confirms);
    }
}

/// Routes to which a message was published with no objection from the broker.
#[derive(Debug, Default)]
struct GoodRoutes {
    /// Keys by exchange. The default exchange cannot be missing, and takes all keys or none.
    keys: HashMap<ShortString, HashSet<ShortString>>,
    count: usize,
    default_exchange: bool,
}

impl GoodRoutes {
    fn contains(&self, route: &Route) -> bool {
        match &route.exchange {
            None => self.default_exchange,
            Some(exchange) => {
                let keys = self.keys.get(&exchange.name);
                keys.is_some_and(|keys| keys.contains(&route.key))
            }
        }
    }

    fn insert(&mut self, route: &Route) {
        let Some(exchange) = &route.exchange else {
            self.default_exchange = true;
            return;
        };
        if self.count >= ROUTES {
            self.keys.clear();
            self.count = 0;
        }
        let keys = self.keys.entry(exchange.name.clone()).or_default();
        self.count += usize::from(keys.insert(route.key.clone()));
    }

    /// Forgets all routes over the exchange.
    fn remove(&mut self, route: &Route) {
        match &route.exchange {
            None => self.default_exchange = false,
            Some(exchange) => {
                let keys = self.keys.remove(&exchange.name);
                self.count -= keys.map_or(0, |keys| keys.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lapin::ExchangeKind;

    use super::super::topology::Exchange;
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
    fn a_route_is_good_once_it_was_used_and_until_its_exchange_failed() {
        let mut good = GoodRoutes::default();
        let (a, b, other) = (
            route(Some("x"), "a"),
            route(Some("x"), "b"),
            route(Some("y"), "a"),
        );
        for route in [&a, &b, &other] {
            assert!(!good.contains(route));
            good.insert(route);
            assert!(good.contains(route));
        }
        good.remove(&b);
        assert!(!good.contains(&a) && !good.contains(&b) && good.contains(&other));
        assert_eq!(good.count, 1);
    }

    #[test]
    fn all_keys_of_the_default_exchange_are_one_route() {
        let mut good = GoodRoutes::default();
        assert!(!good.contains(&route(None, "a")));
        good.insert(&route(None, "a"));
        assert!(good.contains(&route(None, "b")) && good.keys.is_empty());
    }

    #[test]
    fn few_routes_are_remembered() {
        let mut good = GoodRoutes::default();
        for key in 0..=ROUTES {
            good.insert(&route(Some("x"), &key.to_string()));
        }
        assert_eq!(good.count, 1);
        assert!(good.contains(&route(Some("x"), &ROUTES.to_string())));
    }
}
