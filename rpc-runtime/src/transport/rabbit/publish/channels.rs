//! The channels that messages are published on, over one connection.
//!
//! Nearly all messages share a channel with the others of their exchange: the broker then confirms many at once. A
//! message goes on a channel of its own, an exclusive one, in two cases:
//!
//! - The broker could close the channel over it: it has taken none of its like before
//!   ([`proven_routes`](super::proven_routes)). An exchange that deletes itself may vanish at any time, so messages to
//!   it always have exclusive channels.
//! - The shared channel is silent: confirms are overdue, measured by how long they take on this connection. The
//!   connection may be dead, or one queue may hold the channel up. Few messages are then sent, as probes, so that few
//!   are in doubt. The others wait until a probe or the shared channel gets a confirm.

use std::sync::Arc;

use tokio::time::Instant;

use super::super::amqp::{Connection, Fault, Health, PublishChannel};
use super::super::topology::Route;
use super::exclusive_limit::ExclusiveLimit;
use super::proven_routes::ProvenRoutes;
use crate::sync::Mutex;

/// How many messages without a like may be in flight, and how many of them to one route. Over a long line, so many are
/// sent in each round trip.
const UNPROVEN: [usize; 2] = [64, 32];
/// How many messages may be in flight while the shared channel is silent, and how many of them to one route.
const PROBES: [usize; 2] = [16, 4];
/// How many exclusive channels are kept for later.
const IDLE: usize = 16;
/// How many shared channels there are. Beyond that, exchanges share them.
const SHARED: usize = 8;

/// The publishing channels of one connection.
#[derive(Debug)]
pub(super) struct PublishChannels {
    connection: Arc<Connection>,
    state: Mutex<State>,
    unproven: ExclusiveLimit,
    probes: ExclusiveLimit,
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

/// How a message may be published now.
#[derive(Debug)]
pub(super) enum Way<'a> {
    Shared(Arc<PublishChannel>),
    /// On an exclusive channel, with a permit of this limit.
    Exclusive(&'a ExclusiveLimit),
}

impl PublishChannels {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        let limit = |[all, of_route]: [usize; 2]| ExclusiveLimit::new(all, of_route);
        Self {
            connection,
            state: Mutex::default(),
            unproven: limit(UNPROVEN),
            probes: limit(PROBES),
        }
    }

    /// How a message of this size may be published now.
    pub(super) fn way(&self, route: &Route, size: usize) -> Way<'_> {
        let (channel, confirmed) = {
            let state = self.state.lock();
            let Some(exchange) = state.proven.find(route, size) else {
                return Way::Exclusive(&self.unproven);
            };
            let Some(channel) = state.shared[exchange % SHARED].clone() else {
                return Way::Exclusive(&self.unproven);
            };
            (channel, state.confirmed)
        };
        match channel.health() {
            Health::Well => Way::Shared(channel),
            // While another channel is confirmed, the connection lives.
            Health::Silent
                if confirmed.is_some_and(|at| !self.connection.is_silent(at.elapsed())) =>
            {
                Way::Shared(channel)
            }
            Health::Silent => Way::Exclusive(&self.probes),
            Health::Closed => Way::Exclusive(&self.unproven),
        }
    }

    /// The shared channel for a message, if the message may use one now.
    pub(super) fn shared(&self, route: &Route, size: usize) -> Option<Arc<PublishChannel>> {
        match self.way(route, size) {
            Way::Shared(channel) => Some(channel),
            Way::Exclusive(_) => None,
        }
    }

    /// An exclusive channel, for whoever has a permit. It is closed when dropped.
    pub(super) fn exclusive(&self) -> Result<Arc<PublishChannel>, Fault> {
        let idle = {
            let mut state = self.state.lock();
            state.idle.retain(|channel| channel.is_open());
            // The last one used goes first: few are ever opened.
            state.idle.pop()
        };
        match idle {
            Some(channel) => Ok(channel),
            None => self.connection.publish_channel().map(Arc::new),
        }
    }

    /// The broker has taken a message from an exclusive channel, or returned it.
    pub(super) fn proved(&self, channel: Arc<PublishChannel>, route: &Route, size: usize) {
        let mut state = self.state.lock();
        state.confirmed = Some(Instant::now());
        let exchange = state.proven.proved(route, size);
        let shared = &mut state.shared[exchange % SHARED];
        if shared.as_ref().is_none_or(|shared| !shared.is_open()) {
            *shared = Some(channel);
        } else if state.idle.len() < IDLE {
            state.idle.push(channel);
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
