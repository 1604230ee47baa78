//! Declares exchanges and queues on a connection.
//!
//! If the broker refuses a declaration, it closes the channel. So a declarer owns a channel, on which it must do
//! nothing else, and replaces it after each refusal. An exchange or a queue that exists with another durability is
//! used as it is: the services that share it may be reconfigured one after the other.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use super::super::amqp::{Connection, DeclareChannel, Fault, Name, QueueDeclaration};
use super::names::{Exchange, Queue};
use crate::sync;

/// The most exchanges that a declarer remembers.
const EXCHANGES: usize = 1000;

/// Declares on one connection, one request at a time.
#[derive(Debug)]
pub(crate) struct Declarer {
    connection: Arc<Connection>,
    channel: Mutex<Option<DeclareChannel>>,
    /// The exchanges that were found with another durability. They are declared passively, without a further warning.
    other_durability: sync::Mutex<HashSet<Name>>,
}

/// The exclusive use of the channel for one request. The channel is kept only if the request succeeds. It is closed
/// after a fault, and if the caller's future is dropped before the reply: the next request must not receive that
/// reply.
struct Lease<'a> {
    slot: MutexGuard<'a, Option<DeclareChannel>>,
    channel: DeclareChannel,
}

impl Lease<'_> {
    fn settle<T>(mut self, result: Result<T, Fault>) -> Result<T, Fault> {
        if result.is_ok() {
            *self.slot = Some(self.channel);
        }
        result
    }
}

impl Declarer {
    /// A declarer. It opens its channel with the first request.
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Self {
            connection,
            channel: Mutex::default(),
            other_durability: sync::Mutex::default(),
        }
    }

    /// Declares a queue, its exchange and its binding. Returns how many consumers the queue has.
    pub(crate) async fn declare_queue(&self, queue: &Queue) -> Result<u32, Fault> {
        let mut durable = queue.durable;
        if let Some((exchange, _)) = &queue.binding {
            let as_wanted = self.declare_exchange(exchange).await?;
            // As in oslo.messaging, the queue then has the durability of the exchange that was found.
            if !as_wanted && !queue.must_be_durable() {
                durable = !exchange.durable;
            }
        }
        let consumers = match self.declare_bare_queue(queue, durable).await {
            Err(fault) if fault.is_durability() && !queue.must_be_durable() => {
                tracing::warn!(queue = %queue.name, why = %fault.why(),
                    "the queue exists with another durability: it is used as it is");
                self.declare_bare_queue(queue, !durable).await?
            }
            Err(Fault::Missing(why)) if !durable && is_on_a_node_that_is_down(&why) => {
                // It cannot be used until it is deleted and declared again. A durable queue must wait for its node,
                // which has its messages.
                tracing::warn!(queue = %queue.name, %why,
                    "the queue is on a node that is down: deleting it and declaring it anew");
                self.delete_queue(&queue.name).await?;
                self.declare_bare_queue(queue, durable).await?
            }
            other => other?,
        };
        if let Some((exchange, key)) = &queue.binding {
            self.bind(&queue.name, exchange, key).await?;
        }
        Ok(consumers)
    }

    /// Declares an exchange and binds a queue to it. The queue must exist.
    pub(crate) async fn bind_anew(
        &self,
        queue: &Name,
        exchange: &Exchange,
        key: &Name,
    ) -> Result<(), Fault> {
        self.declare_exchange(exchange).await?;
        self.bind(queue, exchange, key).await
    }

    /// Deletes a queue. Succeeds if the queue does not exist.
    pub(crate) async fn delete_queue(&self, name: &Name) -> Result<(), Fault> {
        let lease = self.lease().await?;
        let deleted = lease.channel.delete_queue(name).await;
        lease.settle(deleted)
    }

    /// Declares an exchange. Returns false if it exists with another durability.
    pub(crate) async fn declare_exchange(&self, exchange: &Exchange) -> Result<bool, Fault> {
        if self.other_durability.lock().contains(&exchange.name) {
            match self.declare_bare_exchange(exchange, true).await {
                // It was deleted meanwhile.
                Err(Fault::Missing(_)) => {
                    self.other_durability.lock().remove(&exchange.name);
                }
                found => return found.map(|()| false),
            }
        }
        match self.declare_bare_exchange(exchange, false).await {
            Ok(()) => Ok(true),
            Err(fault) if fault.is_durability() => {
                tracing::warn!(exchange = %exchange.name, why = %fault.why(),
                    "the exchange exists with another durability: it is used as it is");
                self.declare_bare_exchange(exchange, true).await?;
                let mut other_durability = self.other_durability.lock();
                if other_durability.len() < EXCHANGES {
                    other_durability.insert(exchange.name.clone());
                }
                Ok(false)
            }
            Err(fault) => Err(fault),
        }
    }

    async fn bind(&self, queue: &Name, exchange: &Exchange, key: &Name) -> Result<(), Fault> {
        let lease = self.lease().await?;
        let bound = lease.channel.bind(queue, &exchange.name, key).await;
        lease.settle(bound)
    }

    async fn declare_bare_exchange(&self, exchange: &Exchange, passive: bool) -> Result<(), Fault> {
        let lease = self.lease().await?;
        let declaration = exchange.declaration(passive);
        let declared = lease.channel.declare_exchange(declaration).await;
        lease.settle(declared)
    }

    async fn declare_bare_queue(&self, queue: &Queue, durable: bool) -> Result<u32, Fault> {
        let lease = self.lease().await?;
        let declaration = QueueDeclaration {
            name: queue.name.clone(),
            durable,
            auto_delete: queue.auto_delete,
            arguments: queue.arguments.clone(),
        };
        let declared = lease.channel.declare_queue(declaration).await;
        lease
            .settle(declared)
            .map_err(|fault| self.explain_limit(fault))
    }

    /// Adds to a fault why the broker refuses the delivery limit -1.
    fn explain_limit(&self, fault: Fault) -> Fault {
        match &fault {
            Fault::Refused(why) if why.contains("x-delivery-limit") && why.contains("negative") => {
                let version = self.connection.version();
                let version = version.map_or("an earlier one".to_owned(), ToString::to_string);
                let hint = format!(
                    "{why}; `rabbit_quorum_delivery_limit=-1` needs RabbitMQ 4.0 or later, and this broker is \
                     {version}: leave the option out, as 3.x has no limit of its own"
                );
                Fault::Refused(hint.into())
            }
            _ => fault,
        }
    }

    async fn lease(&self) -> Result<Lease<'_>, Fault> {
        let mut slot = self.channel.lock().await;
        let channel = match slot.take().filter(DeclareChannel::is_open) {
            Some(channel) => channel,
            None => self.connection.declare_channel()?,
        };
        Ok(Lease { slot, channel })
    }
}

/// Whether the broker says of a queue that it cannot be used, since its node is down. With other reasons of a 404, the
/// queue is alive: it may be moving to another node.
fn is_on_a_node_that_is_down(why: &str) -> bool {
    ["home node", "stopped by supervisor", "has crashed"]
        .iter()
        .any(|reason| why.contains(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_moves_to_another_node_is_not_on_a_node_that_is_down() {
        for (why, is_down) in [
            (
                "NOT_FOUND - home node 'rabbit@b' of durable queue 'q' in vhost '/' is down or inaccessible",
                true,
            ),
            (
                "NOT_FOUND - queue 'q' in vhost '/' process is stopped by supervisor",
                true,
            ),
            (
                "NOT_FOUND - failed to perform operation on queue 'q' in vhost '/' on node 'rabbit@b': its leader may \
                 be stopping or being demoted",
                false,
            ),
            (
                "NOT_FOUND - failed to perform operation on queue 'q' in vhost '/' due to timeout",
                false,
            ),
        ] {
            assert_eq!(is_on_a_node_that_is_down(why), is_down, "{why}");
        }
    }
}
