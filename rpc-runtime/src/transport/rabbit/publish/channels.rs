//! The channels for publishing over one connection, and which one a message may use.
//!
//! Most messages share a channel with the other messages to their exchange: the broker then confirms many at once. A
//! message gets an exclusive channel if its exchange has no open shared channel, and in two other cases:
//!
//! - The broker might close the channel because of the message, since it has not taken a message of this route and
//!   size before ([`proven_routes`](super::proven_routes)). An auto-delete exchange may be deleted at any time, so
//!   messages to one always have exclusive channels.
//! - The shared channel is silent: confirms are overdue, compared with how long they take on this connection. The
//!   connection may be dead, or one queue may delay the channel's confirms. Then only a few messages are sent, as
//!   probes, so that few are in doubt. The others wait until a probe or the shared channel gets a confirm.
//!
//! The state is under one lock, which must never be held across an await.

use std::sync::Arc;

use tokio::time::Instant;

use super::super::amqp::{Connection, Fault, Health, PublishChannel};
use super::super::topology::Route;
use super::exclusive_limit::ExclusiveLimit;
use super::proven_routes::ProvenRoutes;
use crate::sync::Mutex;

/// How many messages of unproven routes may be in flight, and how many of them to one route. That bounds how many are
/// sent in each round trip.
const UNPROVEN: [usize; 2] = [64, 32];
/// How many messages may be in flight while the shared channel is silent, and how many of them to one route.
const PROBES: [usize; 2] = [16, 4];
/// How many unused exclusive channels are kept.
const IDLE: usize = 16;
/// The most shared channels. If there are more exchanges, some of them share a channel.
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

/// The kind of channel on which a message may be published now.
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

    /// The kind of channel on which a message of `size` bytes may be published now.
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
            Health::Healthy => Way::Shared(channel),
            // A recent confirm on another channel shows that the connection is alive.
            Health::Silent
                if confirmed.is_some_and(|at| !self.connection.is_silent(at.elapsed())) =>
            {
                Way::Shared(channel)
            }
            Health::Silent => Way::Exclusive(&self.probes),
            Health::Closed => Way::Exclusive(&self.unproven),
        }
    }

    /// The shared channel for a message of `size` bytes, if the message may use one now.
    pub(super) fn shared(&self, route: &Route, size: usize) -> Option<Arc<PublishChannel>> {
        match self.way(route, size) {
            Way::Shared(channel) => Some(channel),
            Way::Exclusive(_) => None,
        }
    }

    /// An exclusive channel. The caller must have a permit. Dropping the channel closes it.
    pub(super) fn exclusive(&self) -> Result<Arc<PublishChannel>, Fault> {
        let idle = {
            let mut state = self.state.lock();
            state.idle.retain(|channel| channel.is_open());
            // The most recently used channel, so that few channels are opened in all.
            state.idle.pop()
        };
        match idle {
            Some(channel) => Ok(channel),
            None => self.connection.publish_channel().map(Arc::new),
        }
    }

    /// Notes that the broker has taken or returned a message on an exclusive channel. Keeps the channel for reuse.
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

    /// Notes that a message got a nack, or no answer. The shared channel is replaced: after the election of a queue's
    /// leader, brokers keep sending nacks on the old channel.
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

    /// Notes that the broker has refused a message and closed its channel.
    pub(super) fn refused(&self, route: &Route, fault: &Fault) {
        let mut state = self.state.lock();
        match fault.size_limit() {
            Some(refused) => state.proven.learn_limit(refused.limit),
            // The user may be allowed to publish to other topics of the exchange.
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

    /// Notes that the route's exchange was declared.
    pub(super) fn declared(&self, route: &Route) {
        self.state.lock().proven.declared(route);
    }

    /// Notes that the route's exchange may be missing, so that it is declared before the next message.
    pub(super) fn doubt_exchange(&self, route: &Route) {
        self.state.lock().proven.doubt_exchange(route);
    }
}
