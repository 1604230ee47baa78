//! Declares exchanges and queues on a link.
//!
//! A refusal closes the channel that it came over, so all of this happens on a channel of its own, which
//! is replaced after each refusal. What exists with another durability is used as it is: services that
//! share an exchange are configured one after the other.

use lapin::Channel;
use lapin::options::{
    ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{FieldTable, ShortString};

use super::fault::Fault;
use super::link::Link;
use super::topology::{Exchange, Queue};

impl Link {
    /// Makes sure that an exchange exists, so that publishing to it cannot end a channel.
    pub(super) async fn ensure_exchange(&self, exchange: &Exchange) -> Result<(), Fault> {
        if self.has_declared(&exchange.name) {
            return Ok(());
        }
        self.declare_exchange(exchange).await?;
        // One that deletes itself does so when its last queue goes: it is declared each time.
        if !exchange.auto_delete {
            self.note_declared(&exchange.name);
        }
        Ok(())
    }

    /// Declares a queue with its exchange and its binding.
    pub(super) async fn declare_queue(&self, queue: &Queue) -> Result<(), Fault> {
        let mut durable = queue.durable;
        if let Some((exchange, _)) = &queue.binding {
            let as_wanted = self.declare_exchange(exchange).await?;
            // oslo.messaging goes on with queues as transient as the exchange that it found.
            if !as_wanted && !queue.must_be_durable() {
                durable = !exchange.durable;
            }
        }
        match self.declare_bare_queue(queue, durable).await {
            Err(fault) if fault.is_durability() && !queue.must_be_durable() => {
                tracing::warn!(queue = %queue.name, reason = %fault.why(),
                    "the queue exists with another durability: it is used as it is");
                self.declare_bare_queue(queue, !durable).await?;
            }
            Err(Fault::Missing(why)) => {
                // A transient queue of a node that is down: it can only be deleted and made anew.
                tracing::warn!(queue = %queue.name, reason = %why,
                    "the queue is stuck on a node that is down: it is deleted and declared anew");
                self.delete_queue(&queue.name).await?;
                self.declare_bare_queue(queue, durable).await?;
            }
            other => other?,
        }
        let Some((exchange, key)) = &queue.binding else {
            return Ok(());
        };
        self.bind(&queue.name, exchange, key).await
    }

    /// Binds a queue to an exchange, both of which are there.
    pub(super) async fn bind(
        &self,
        queue: &ShortString,
        exchange: &Exchange,
        key: &ShortString,
    ) -> Result<(), Fault> {
        let mut slot = self.declaring.lock().await;
        let channel = self.declaring_channel(&mut slot).await?;
        let bind = channel.queue_bind(
            queue.clone(),
            exchange.name.clone(),
            key.clone(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        let bound = self.control("queue.bind", bind).await;
        settle(&mut slot, bound)
    }

    /// Deletes a queue, whether or not it is there.
    pub(super) async fn delete_queue(&self, name: &ShortString) -> Result<(), Fault> {
        let mut slot = self.declaring.lock().await;
        let channel = self.declaring_channel(&mut slot).await?;
        let delete = channel.queue_delete(name.clone(), QueueDeleteOptions::default());
        let deleted = self.control("queue.delete", delete).await;
        match settle(&mut slot, deleted) {
            Ok(_) | Err(Fault::Missing(_)) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Whether the exchange is now as wanted; if not, it is there with another durability.
    pub(super) async fn declare_exchange(&self, exchange: &Exchange) -> Result<bool, Fault> {
        match self.declare_bare_exchange(exchange, false).await {
            Ok(()) => Ok(true),
            Err(fault) if fault.is_durability() => {
                tracing::warn!(exchange = %exchange.name, reason = %fault.why(),
                    "the exchange exists with another durability: it is used as it is");
                self.declare_bare_exchange(exchange, true).await?;
                Ok(false)
            }
            Err(fault) => Err(fault),
        }
    }

    async fn declare_bare_exchange(&self, exchange: &Exchange, passive: bool) -> Result<(), Fault> {
        let mut slot = self.declaring.lock().await;
        let channel = self.declaring_channel(&mut slot).await?;
        let options = ExchangeDeclareOptions {
            passive,
            durable: exchange.durable,
            auto_delete: exchange.auto_delete,
            internal: false,
            nowait: false,
        };
        let declare = channel.exchange_declare(
            exchange.name.clone(),
            exchange.kind.clone(),
            options,
            FieldTable::default(),
        );
        let declared = self.control("exchange.declare", declare).await;
        settle(&mut slot, declared)
    }

    async fn declare_bare_queue(&self, queue: &Queue, durable: bool) -> Result<(), Fault> {
        let mut slot = self.declaring.lock().await;
        let channel = self.declaring_channel(&mut slot).await?;
        let options = QueueDeclareOptions {
            passive: false,
            durable,
            exclusive: false,
            auto_delete: queue.auto_delete,
            nowait: false,
        };
        let declare = channel.queue_declare(queue.name.clone(), options, queue.arguments.clone());
        let declared = self.control("queue.declare", declare).await.map(drop);
        settle(&mut slot, declared)
    }

    async fn declaring_channel(&self, slot: &mut Option<Channel>) -> Result<Channel, Fault> {
        if let Some(channel) = slot.as_ref().filter(|channel| channel.status().connected()) {
            return Ok(channel.clone());
        }
        let channel = self.open_channel().await?;
        *slot = Some(channel.clone());
        Ok(channel)
    }
}

/// Gives up a channel that a refusal has closed.
fn settle<T>(slot: &mut Option<Channel>, result: Result<T, Fault>) -> Result<T, Fault> {
    if result.is_err() {
        *slot = None;
    }
    result
}
