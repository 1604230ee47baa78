//! All that publishing needs over one connection: its channels, and the exchanges and bindings that it restores.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::amqp::{Connection, ExchangeDeclaration, Fault, Name};
use super::super::connection::Engine;
use super::super::topology::{Declarer, Route};
use super::channels::PublishChannels;
use crate::sync::Mutex;

/// How often one queue is bound at most: it may be missing altogether.
const BIND_INTERVAL: Duration = Duration::from_millis(200);
/// From how many queues on the old ones are forgotten.
const BOUND_QUEUES: usize = 1000;

/// One connection as publishers use it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) connection: Arc<Connection>,
    pub(super) channels: PublishChannels,
    declarer: Declarer,
    /// Held while an exchange is declared that stays: the other messages to it find it declared.
    declaring: tokio::sync::Mutex<()>,
    /// The exchanges that delete themselves, and exist with another durability.
    as_found: Mutex<HashSet<Name>>,
    /// When queues were last bound.
    bound: Mutex<HashMap<Name, Instant>>,
}

impl Link {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        Self {
            channels: PublishChannels::new(connection.clone()),
            declarer: Declarer::new(connection.clone()),
            declaring: tokio::sync::Mutex::default(),
            as_found: Mutex::default(),
            bound: Mutex::default(),
            connection,
        }
    }

    /// Declares the route's exchange, unless it is known to exist: the broker closes a channel over a message to a
    /// missing exchange.
    pub(super) async fn ensure_exchange(&self, route: &Route) -> Result<(), Fault> {
        let Some(exchange) = &route.exchange else {
            return Ok(());
        };
        if self.channels.is_declared(route) {
            return Ok(());
        }
        // One that deletes itself may do so at any time: its declaration goes with the message.
        if exchange.auto_delete {
            return Ok(());
        }
        let _declaring = self.declaring.lock().await;
        if !self.channels.is_declared(route) {
            self.declarer.declare_exchange(exchange).await?;
            self.channels.declared(route);
        }
        Ok(())
    }

    /// The declaration that is to go before a message, on the same channel.
    pub(super) fn declaration(&self, route: &Route) -> Option<ExchangeDeclaration> {
        let exchange = route.exchange.as_ref()?;
        let declares = exchange.auto_delete && !self.as_found.lock().contains(&exchange.name);
        declares.then(|| exchange.declaration(false))
    }

    /// Declares the route's exchange as a message would that carries the declaration, if it does.
    pub(super) async fn declare_alone(&self, route: &Route) -> Result<(), Fault> {
        match &route.exchange {
            Some(exchange) if exchange.auto_delete => {
                self.declarer.declare_exchange(exchange).await.map(drop)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a message is to be sent again at once, after this fault of its declaration: the exchange exists with
    /// another durability, and is used as it is. Or it was, and is gone: it is declared again.
    pub(super) fn is_used_as_found(&self, route: &Route, fault: &Fault) -> bool {
        let Some(exchange) = route
            .exchange
            .as_ref()
            .filter(|exchange| exchange.auto_delete)
        else {
            return false;
        };
        let mut as_found = self.as_found.lock();
        if matches!(fault, Fault::Missing(_)) {
            return as_found.remove(&exchange.name);
        }
        let is_new = fault.is_durability() && as_found.insert(exchange.name.clone());
        if is_new {
            tracing::warn!(exchange = %exchange.name, reason = %fault.why(),
                "the exchange exists with another durability: it is used as it is");
        }
        is_new
    }

    /// Binds the queue that a returned message was meant for, in the background: whoever deletes an exchange deletes
    /// its bindings, and the broker tells nobody. If it cannot be done, the message waits for a server to do it.
    pub(super) fn restore_binding(self: &Arc<Self>, route: &Route, engine: &Engine) {
        let Some(exchange) = route.exchange.clone() else {
            return;
        };
        if !self.may_bind(&route.key) {
            return;
        }
        let (link, queue) = (self.clone(), route.key.clone());
        let binding = engine.spawn(async move {
            // In the exchange for requests, each queue is bound by its own name.
            match link.declarer.bind_anew(&queue, &exchange, &queue).await {
                Ok(()) => tracing::info!(%queue, "bound the queue to its exchange"),
                Err(fault) => tracing::debug!(%queue, why = %fault.why(), "not bound"),
            }
        });
        if let Err(error) = binding {
            tracing::debug!(queue = %route.key, %error, "not bound");
        }
    }

    /// Whether it is time to bind a queue, which is noted.
    fn may_bind(&self, queue: &Name) -> bool {
        is_due(&mut self.bound.lock(), queue, Instant::now())
    }
}

fn is_due(bound: &mut HashMap<Name, Instant>, queue: &Name, now: Instant) -> bool {
    let recent = |bound: &Instant| now.duration_since(*bound) < BIND_INTERVAL;
    if bound.get(queue).is_some_and(recent) {
        return false;
    }
    if bound.len() >= BOUND_QUEUES {
        bound.retain(|_, bound| recent(bound));
    }
    bound.insert(queue.clone(), now);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_bound_from_time_to_time_and_names_are_forgotten() {
        let (mut bound, mut now) = (HashMap::new(), Instant::now());
        let (one, other) = (Name::from("one"), Name::from("other"));
        assert!(is_due(&mut bound, &one, now) && is_due(&mut bound, &other, now));
        assert!(!is_due(&mut bound, &one, now));
        now += BIND_INTERVAL;
        assert!(is_due(&mut bound, &one, now));
        for number in 0..BOUND_QUEUES * 2 {
            now += BIND_INTERVAL / 100;
            is_due(&mut bound, &Name::from(number.to_string()), now);
        }
        assert!(bound.len() <= BOUND_QUEUES);
    }
}
