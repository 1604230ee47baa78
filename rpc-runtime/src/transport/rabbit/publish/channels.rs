//! The channels that messages are published on, over one connection.
//!
//! Nearly all messages share a channel with the others of their exchange: the broker then confirms many at once. A
//! message goes on a channel of its own, an exclusive one, while the broker could close the channel over it
//! ([`proven_routes`](super::proven_routes)), and while the shared channel is silent. A silent channel may be a dead
//! connection; few messages are then in doubt. Few messages of one route may have exclusive channels at once, so that
//! a queue that confirms nothing does not hold up the others.
//!
//! Messages to an exchange that deletes itself always have exclusive channels: it may vanish at any time.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::super::amqp::{Connection, Fault, Health, Name, PublishChannel};
use super::super::topology::Route;
use super::proven_routes::ProvenRoutes;
use crate::sync::Mutex;

/// How many exclusive channels there are, and how many of them one route may have.
const EXCLUSIVE: usize = 16;
const EXCLUSIVE_OF_ROUTE: usize = 4;
/// How many shared channels there are. Beyond that, exchanges share them.
const SHARED: usize = 8;
/// After how long without a confirm a channel is silent. A healthy broker under load takes a fraction of it.
const SILENT: Duration = Duration::from_millis(100);
/// From how many routes on those without an exclusive channel are forgotten.
const ROUTE_LIMITS: usize = 64;

/// The publishing channels of one connection.
#[derive(Debug)]
pub(super) struct PublishChannels {
    connection: Arc<Connection>,
    state: Mutex<State>,
    exclusive: Arc<Semaphore>,
    of_routes: Mutex<HashMap<(Name, Name), Weak<Semaphore>>>,
}

#[derive(Debug, Default)]
struct State {
    proven: ProvenRoutes,
    shared: [Option<Arc<PublishChannel>>; SHARED],
    /// Exclusive channels that are not in use.
    idle: Vec<Arc<PublishChannel>>,
    /// When a message on an exclusive channel was last confirmed.
    confirmed: Option<Instant>,
}

/// The right to use an exclusive channel.
#[derive(Debug)]
pub(super) struct ExclusivePermit {
    _of_route: OwnedSemaphorePermit,
    _of_connection: OwnedSemaphorePermit,
}

impl PublishChannels {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        Self {
            connection,
            state: Mutex::default(),
            exclusive: Arc::new(Semaphore::new(EXCLUSIVE)),
            of_routes: Mutex::default(),
        }
    }

    /// The shared channel for a message, if the message may use one now.
    pub(super) fn shared(&self, route: &Route, size: usize) -> Option<Arc<PublishChannel>> {
        let (channel, confirmed) = {
            let state = self.state.lock();
            let exchange = state.proven.find(route, size)?;
            (state.shared[exchange % SHARED].clone()?, state.confirmed)
        };
        let is_healthy = match channel.health() {
            Health::Closed => false,
            Health::Silent(time) if time < SILENT => true,
            // While another channel is confirmed, the connection lives.
            Health::Silent(_) => confirmed.is_some_and(|confirmed| confirmed.elapsed() < SILENT),
        };
        is_healthy.then_some(channel)
    }

    /// The right to use an exclusive channel, if there is one now.
    pub(super) fn try_permit(&self, route: &Route) -> Option<ExclusivePermit> {
        Some(ExclusivePermit {
            _of_route: self.of_route(route).try_acquire_owned().ok()?,
            _of_connection: self.exclusive.clone().try_acquire_owned().ok()?,
        })
    }

    /// Waits for the right to use an exclusive channel.
    pub(super) async fn permit(&self, route: &Route) -> Result<ExclusivePermit, Fault> {
        // The semaphores are never closed.
        let ended = |_| Fault::lost("the connection was cut");
        let of_route = self.of_route(route).acquire_owned().await.map_err(ended)?;
        let of_connection = self.exclusive.clone().acquire_owned().await;
        Ok(ExclusivePermit {
            _of_route: of_route,
            _of_connection: of_connection.map_err(ended)?,
        })
    }

    fn of_route(&self, route: &Route) -> Arc<Semaphore> {
        let exchange = route.exchange.as_ref();
        let exchange = exchange.map(|exchange| exchange.name.clone());
        let key = (exchange.unwrap_or_default(), route.key.clone());
        let mut of_routes = self.of_routes.lock();
        if of_routes.len() >= ROUTE_LIMITS {
            of_routes.retain(|_, limit| limit.strong_count() > 0);
        }
        let known = of_routes.entry(key).or_default();
        known.upgrade().unwrap_or_else(|| {
            let limit = Arc::new(Semaphore::new(EXCLUSIVE_OF_ROUTE));
            *known = Arc::downgrade(&limit);
            limit
        })
    }

    /// An exclusive channel, for whoever has a permit. It is closed when dropped.
    pub(super) async fn exclusive(&self) -> Result<Arc<PublishChannel>, Fault> {
        let idle = {
            let mut state = self.state.lock();
            state.idle.retain(|channel| channel.is_open());
            // The last one used goes first: few are ever opened.
            state.idle.pop()
        };
        match idle {
            Some(channel) => Ok(channel),
            None => self.connection.publish_channel().await.map(Arc::new),
        }
    }

    /// The broker has taken a message from an exclusive channel, or returned it.
    pub(super) fn proved(&self, channel: Arc<PublishChannel>, route: &Route, size: usize) {
        let mut state = self.state.lock();
        state.confirmed = Some(Instant::now());
        let exchange = state.proven.proved(route, size);
        let shared = &mut state.shared[exchange % SHARED];
        if shared.as_ref().is_some_and(|shared| shared.is_open()) {
            state.idle.push(channel);
        } else {
            *shared = Some(channel);
        }
    }

    /// A message got no confirm, or a negative one. The shared channel is replaced: after the election of a queue's
    /// leader, brokers go on to reject on the same channel.
    pub(super) fn doubt(&self, channel: &Arc<PublishChannel>, route: &Route) {
        let mut state = self.state.lock();
        state.proven.doubt(route);
        for shared in &mut state.shared {
            if shared
                .as_ref()
                .is_some_and(|shared| Arc::ptr_eq(shared, channel))
            {
                *shared = None;
            }
        }
    }

    /// The broker has refused a message, and closed its channel.
    pub(super) fn refused(&self, route: &Route, fault: &Fault) {
        let mut state = self.state.lock();
        match fault.size_limit() {
            Some(refused) => state.proven.learn_limit(refused.limit),
            // Other topics of the exchange may be permitted.
            None if fault.is_about_topic() => state.proven.doubt(route),
            None => state.proven.forget_exchange(route),
        }
    }

    /// The broker's limit that a body of this size exceeds, if the broker has named one.
    pub(super) fn exceeded_limit(&self, size: usize) -> Option<usize> {
        self.state.lock().proven.exceeded_limit(size)
    }

    /// Whether the route's exchange is known to exist.
    pub(super) fn is_declared(&self, route: &Route) -> bool {
        self.state.lock().proven.is_declared(route)
    }

    /// The route's exchange was declared.
    pub(super) fn declared(&self, route: &Route) {
        self.state.lock().proven.declared(route);
    }

    /// The route's exchange may be missing: it is declared before the next message.
    pub(super) fn doubt_exchange(&self, route: &Route) {
        self.state.lock().proven.doubt_exchange(route);
    }
}
