//! A channel to declare, bind and delete on.
//!
//! The broker closes the channel with each refusal, so it must be used for nothing else. Its owner replaces it.

use std::sync::Arc;

use lapin::protocol::{AMQPClass, exchange, queue};
use lapin::types::{FieldTable, ShortString};

use super::channel::Channel;
use super::channel_state::Role;
use super::fault::Fault;
use super::io::Io;

/// The type of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExchangeKind {
    Topic,
    Fanout,
}

impl ExchangeKind {
    fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Fanout => "fanout",
        }
    }
}

/// An exchange to declare.
#[derive(Debug)]
pub(crate) struct ExchangeDeclaration {
    pub(crate) name: ShortString,
    pub(crate) kind: ExchangeKind,
    pub(crate) durable: bool,
    pub(crate) auto_delete: bool,
    /// Whether to check only that the exchange exists.
    pub(crate) passive: bool,
}

impl ExchangeDeclaration {
    /// The method. With `nowait`, the broker answers only if it refuses.
    pub(super) fn request(self, nowait: bool) -> AMQPClass {
        AMQPClass::Exchange(exchange::AMQPMethod::Declare(exchange::Declare {
            exchange: self.name,
            kind: self.kind.name().into(),
            passive: self.passive,
            durable: self.durable,
            auto_delete: self.auto_delete,
            internal: false,
            nowait,
            arguments: FieldTable::default(),
        }))
    }
}

/// A queue to declare.
#[derive(Debug)]
pub(crate) struct QueueDeclaration {
    pub(crate) name: ShortString,
    pub(crate) durable: bool,
    pub(crate) auto_delete: bool,
    pub(crate) arguments: FieldTable,
}

/// A channel to declare on. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct DeclareChannel(Channel);

impl DeclareChannel {
    pub(super) fn open(io: &Arc<Io>) -> Result<Self, Fault> {
        Channel::open(io, Role::Declare).map(Self)
    }

    /// Whether the channel is open.
    pub(crate) fn is_open(&self) -> bool {
        self.0.state().is_open()
    }

    /// Declares an exchange.
    pub(crate) async fn declare_exchange(
        &self,
        declaration: ExchangeDeclaration,
    ) -> Result<(), Fault> {
        let declared = self.0.request(declaration.request(false)).await;
        declared.map(drop)
    }

    /// Declares a queue. Returns how many consumers it has.
    pub(crate) async fn declare_queue(&self, declaration: QueueDeclaration) -> Result<u32, Fault> {
        let declare = queue::AMQPMethod::Declare(queue::Declare {
            queue: declaration.name,
            passive: false,
            durable: declaration.durable,
            exclusive: false,
            auto_delete: declaration.auto_delete,
            nowait: false,
            arguments: declaration.arguments,
        });
        match self.0.request(AMQPClass::Queue(declare)).await? {
            AMQPClass::Queue(queue::AMQPMethod::DeclareOk(declared)) => Ok(declared.consumer_count),
            _ => Ok(0),
        }
    }

    /// Binds a queue to an exchange.
    pub(crate) async fn bind(
        &self,
        queue: &ShortString,
        exchange: &ShortString,
        key: &ShortString,
    ) -> Result<(), Fault> {
        let bind = queue::AMQPMethod::Bind(queue::Bind {
            queue: queue.clone(),
            exchange: exchange.clone(),
            routing_key: key.clone(),
            nowait: false,
            arguments: FieldTable::default(),
        });
        self.0.request(AMQPClass::Queue(bind)).await.map(drop)
    }

    /// Deletes a queue. Succeeds if the queue does not exist.
    pub(crate) async fn delete_queue(&self, queue: &ShortString) -> Result<(), Fault> {
        let delete = queue::AMQPMethod::Delete(queue::Delete {
            queue: queue.clone(),
            if_unused: false,
            if_empty: false,
            nowait: false,
        });
        match self.0.request(AMQPClass::Queue(delete)).await {
            Ok(_) | Err(Fault::Missing(_)) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}
