//! The publishing side of one connection: its channels, and the exchanges and bindings that it declares.
//!
//! A link lives as long as its connection and is never reused for another one. It owns the channels and a declarer.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::super::amqp::{Connection, ExchangeDeclaration, Fault, Name};
use super::super::connection::Engine;
use super::super::topology::{Declarer, Route};
use super::channels::PublishChannels;
use crate::sync::Mutex;

/// The least time between two attempts to bind one queue. If the queue itself is missing, each attempt fails.
const BIND_INTERVAL: Duration = Duration::from_millis(200);
/// The most tasks that bind queues at a time. They take turns on one channel, so over a distant connection more tasks
/// would only wait.
const BINDING_TASKS: usize = 16;
/// From this number of queues on, those that were not bound recently are forgotten.
const BOUND_QUEUES: usize = 1000;

/// The publishing side of one connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) connection: Arc<Connection>,
    pub(super) channels: PublishChannels,
    declarer: Declarer,
    /// For bindings. Another one, so that no declaration waits for them.
    binder: Declarer,
    /// Held while an exchange is declared, so that concurrent messages declare it once. Not for auto-delete exchanges.
    declaring: tokio::sync::Mutex<()>,
    /// The auto-delete exchanges that exist with another durability, and are used as they are.
    other_durability: Mutex<HashSet<Name>>,
    /// When each queue was last bound.
    bound: Mutex<HashMap<Name, Instant>>,
    /// How many tasks bind queues.
    binding: AtomicUsize,
}

impl Link {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        Self {
            channels: PublishChannels::new(connection.clone()),
            declarer: Declarer::new(connection.clone()),
            binder: Declarer::new(connection.clone()),
            declaring: tokio::sync::Mutex::default(),
            other_durability: Mutex::default(),
            bound: Mutex::default(),
            binding: AtomicUsize::new(0),
            connection,
        }
    }

    /// Declares the route's exchange, unless it is known to exist. Without an exchange, the broker would close the
    /// message's channel.
    pub(super) async fn ensure_exchange(&self, route: &Route) -> Result<(), Fault> {
        let Some(exchange) = &route.exchange else {
            return Ok(());
        };
        if self.channels.is_declared(route) {
            return Ok(());
        }
        // An auto-delete exchange may be deleted at any time, so its declaration is sent with each message.
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

    /// The declaration to send before a message, on the same channel. `None` if none is needed.
    pub(super) fn declaration(&self, route: &Route) -> Option<ExchangeDeclaration> {
        let exchange = route.exchange.as_ref()?;
        let declares =
            exchange.auto_delete && !self.other_durability.lock().contains(&exchange.name);
        declares.then(|| exchange.declaration(false))
    }

    /// Declares the route's exchange on its own, if it is one whose declaration is sent with each message.
    pub(super) async fn declare_alone(&self, route: &Route) -> Result<(), Fault> {
        match &route.exchange {
            Some(exchange) if exchange.auto_delete => {
                self.declarer.declare_exchange(exchange).await.map(drop)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Adapts to a fault of the declaration that was sent with a message. Returns true if the message is to be sent
    /// again at once.
    ///
    /// There are two such cases. The exchange exists with another durability: from now on, its declaration is not sent.
    /// Or an exchange whose declaration was not sent is missing: from now on, it is declared again.
    pub(super) fn adapt_declaration(&self, route: &Route, fault: &Fault) -> bool {
        let Some(exchange) = route
            .exchange
            .as_ref()
            .filter(|exchange| exchange.auto_delete)
        else {
            return false;
        };
        let mut other_durability = self.other_durability.lock();
        if matches!(fault, Fault::Missing(_)) {
            return other_durability.remove(&exchange.name);
        }
        if !fault.is_durability() {
            return false;
        }
        // Concurrent messages get the same fault. Each is sent again, and the first one logs it.
        if other_durability.insert(exchange.name.clone()) {
            tracing::warn!(exchange = %exchange.name, why = %fault.why(),
                "the exchange exists with another durability: it is used as it is");
        }
        true
    }

    /// Binds the queue of a returned message in the background, in case its exchange was deleted: that deletes the
    /// bindings, and the broker does not notify the consumers. If the queue cannot be bound, the message waits until a
    /// server binds it.
    pub(super) fn restore_binding(self: &Arc<Self>, route: &Route, engine: &Engine) {
        let Some(exchange) = route.exchange.clone() else {
            return;
        };
        if self.binding.load(Ordering::Relaxed) >= BINDING_TASKS || !self.may_bind(&route.key) {
            return;
        }
        self.binding.fetch_add(1, Ordering::Relaxed);
        let (link, queue) = (self.clone(), route.key.clone());
        let binding = engine.spawn(async move {
            // In the exchange for requests, the binding key is the queue's name.
            let bound = link.binder.bind_anew(&queue, &exchange, &queue).await;
            link.binding.fetch_sub(1, Ordering::Relaxed);
            match bound {
                Ok(()) => tracing::info!(%queue, "bound the queue to its exchange"),
                Err(fault) => {
                    tracing::debug!(%queue, why = %fault.why(), "the queue was not bound");
                }
            }
        });
        if let Err(error) = binding {
            self.binding.fetch_sub(1, Ordering::Relaxed);
            tracing::debug!(queue = %route.key, %error, "the queue was not bound");
        }
    }

    /// Whether a queue may be bound now. If so, notes the time.
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
    fn a_queue_is_bound_at_intervals_and_old_queues_are_removed() {
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
