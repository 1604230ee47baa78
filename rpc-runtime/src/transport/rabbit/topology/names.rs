//! Names, flags and arguments of exchanges and queues, as oslo.messaging declares them.
//!
//! The broker refuses a declaration that differs from the first one in any flag or argument. So each declaration must
//! equal oslo.messaging's. For example, `x-queue-type` must be sent only where oslo.messaging sends it. Plain values
//! without I/O, apart from the queue manager.

use std::time::Duration;

use super::super::amqp::{
    BrokerVersion, ExchangeDeclaration, ExchangeKind, FieldTable, FieldValue, Name,
};
use super::super::settings::TopologySettings;
use super::queue_manager::QueueManager;
use crate::wire::MessageId;
use crate::{Error, Result, Target};

/// RabbitMQ's delivery limit of quorum queues that are declared without one, from 4.0 on.
const DEFAULT_DELIVERY_LIMIT: i64 = 20;

/// An exchange, as it is declared.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) name: Name,
    pub(crate) kind: ExchangeKind,
    pub(crate) durable: bool,
    pub(crate) auto_delete: bool,
}

impl Exchange {
    /// The declaration for the broker. With `passive`, the broker only checks whether the exchange exists.
    pub(crate) fn declaration(&self, passive: bool) -> ExchangeDeclaration {
        ExchangeDeclaration {
            name: self.name.clone(),
            kind: self.kind,
            durable: self.durable,
            auto_delete: self.auto_delete,
            passive,
        }
    }
}

/// A queue, as it is declared and consumed.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "two are AMQP's flags, and two are this library's"
)]
pub(crate) struct Queue {
    pub(crate) name: Name,
    pub(crate) durable: bool,
    pub(crate) auto_delete: bool,
    pub(crate) arguments: FieldTable,
    /// The exchange and the binding key. `None` for a queue that is reached over the default exchange.
    pub(crate) binding: Option<(Exchange, Name)>,
    /// Whether it is a stream: one queue for all servers, each of which reads all messages from a place of its own.
    pub(crate) stream: bool,
    /// Whether no other process uses it, so that it is deleted when its user closes.
    pub(crate) private: bool,
    /// The part of its name before the unique part. `None` if the name has no unique part.
    pub(crate) prefix: Option<String>,
}

impl Queue {
    /// Whether it is a quorum queue.
    pub(crate) fn is_quorum(&self) -> bool {
        matches!(self.arguments.inner().get("x-queue-type"),
            Some(FieldValue::LongString(kind)) if kind.as_bytes() == b"quorum")
    }

    /// How long the queue may be without a consumer before the broker deletes it. `None` if it stays.
    pub(crate) fn expiry(&self) -> Option<Duration> {
        match self.arguments.inner().get("x-expires") {
            Some(FieldValue::LongLongInt(milliseconds)) => {
                u64::try_from(*milliseconds).ok().map(Duration::from_millis)
            }
            _ => None,
        }
    }

    /// Whether its type requires it to be durable.
    pub(crate) fn must_be_durable(&self) -> bool {
        self.arguments.contains_key("x-queue-type")
    }
}

/// Where a message is published.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// The exchange, to be declared before the message is published. `None` for the default exchange.
    pub(crate) exchange: Option<Exchange>,
    pub(crate) key: Name,
}

/// Makes names and declarations from the settings.
#[derive(Debug)]
pub(crate) struct Topology {
    settings: TopologySettings,
    manager: Option<QueueManager>,
}

impl Topology {
    pub(crate) fn new(settings: TopologySettings) -> Self {
        let manager = settings
            .queue_manager
            .then(|| QueueManager::new(settings.host_name.clone(), settings.process_name.clone()));
        Self { settings, manager }
    }

    /// The route of requests to `target`.
    pub(crate) fn route(&self, target: &Target) -> Result<Route> {
        if target.fanout {
            return Ok(Route {
                exchange: Some(self.fanout_exchange(target)?),
                key: Name::default(),
            });
        }
        let key = match &target.server {
            Some(server) => name(target, format!("{}.{server}", target.topic))?,
            None => name(target, target.topic.clone())?,
        };
        Ok(Route {
            exchange: Some(self.control_exchange(target)?),
            key,
        })
    }

    /// The three queues of a server: the topic's, its own, and the one for fanouts. Unless the last one is a stream,
    /// it has no name before [`name_anew`](Self::name_anew).
    pub(crate) fn server_queues(&self, target: &Target) -> Result<[Queue; 3]> {
        let Some(server) = &target.server else {
            return Err(Error::new_invalid_target(
                target,
                "a listener needs a server name: set `server`",
            ));
        };
        let exchange = self.control_exchange(target)?;
        let topic = name(target, target.topic.clone())?;
        let directed = name(target, format!("{}.{server}", target.topic))?;
        let queue = |name: Name| Queue {
            durable: exchange.durable,
            auto_delete: exchange.auto_delete,
            arguments: self.quorum_arguments(self.settings.quorum_queue),
            binding: Some((exchange.clone(), name.clone())),
            stream: false,
            private: false,
            prefix: None,
            name,
        };
        Ok([
            queue(topic.clone()),
            queue(directed),
            self.fanout_queue(target, topic)?,
        ])
    }

    /// The queue for replies to this process. It has no name before [`name_anew`](Self::name_anew).
    pub(crate) fn reply_queue(&self) -> Queue {
        Queue {
            name: Name::default(),
            durable: self.settings.transient_quorum_queue,
            auto_delete: false,
            arguments: self.transient_arguments(),
            binding: None,
            stream: false,
            private: self.manager.is_none(),
            prefix: Some("reply_".into()),
        }
    }

    /// How often a quorum queue on a broker of this version redelivers a message before it drops the message. `None` if
    /// there is no limit, if only a policy sets one, or if the version is not known.
    pub(crate) fn delivery_limit(&self, version: Option<&BrokerVersion>) -> Option<i64> {
        match self.settings.quorum.delivery_limit {
            0 => (version?.major() >= 4).then_some(DEFAULT_DELIVERY_LIMIT),
            limit => (limit > 0).then_some(limit),
        }
    }

    /// Gives a queue the next name that no other process should use. With `use_queue_manager`, it blocks for file I/O.
    pub(crate) fn name_anew(&self, queue: &mut Queue) -> Result<()> {
        let Some(prefix) = &queue.prefix else {
            return Ok(());
        };
        let unique = match &self.manager {
            None => MessageId::unique().to_string(),
            Some(manager) => manager.next()?,
        };
        queue.name = Name::try_new(format!("{prefix}{unique}")).map_err(|_| {
            Error::Config(format!(
                "the queue name `{prefix}{unique}` has more than 255 bytes: shorten topic, `hostname` or \
                 `processname`"
            ))
        })?;
        Ok(())
    }

    /// Whether the queue manager makes the names of a process's own queues. Another process may then use the same name.
    pub(crate) fn has_managed_names(&self) -> bool {
        self.manager.is_some()
    }

    fn control_exchange(&self, target: &Target) -> Result<Exchange> {
        Ok(Exchange {
            name: name(target, target.exchange_name().to_owned())?,
            kind: ExchangeKind::Topic,
            durable: self.settings.durable_queues || self.settings.quorum_queue,
            auto_delete: self.settings.auto_delete,
        })
    }

    fn fanout_exchange(&self, target: &Target) -> Result<Exchange> {
        Ok(Exchange {
            name: name(target, format!("{}_fanout", target.topic))?,
            kind: ExchangeKind::Fanout,
            durable: self.settings.transient_quorum_queue,
            auto_delete: true,
        })
    }

    fn fanout_queue(&self, target: &Target, topic: Name) -> Result<Queue> {
        let exchange = self.fanout_exchange(target)?;
        let stream = self.settings.stream_fanout;
        let prefix = (!stream).then(|| format!("{}_fanout_", target.topic));
        let queue_name = if stream {
            exchange.name.clone()
        } else {
            Name::default()
        };
        let arguments = if stream {
            let mut arguments = FieldTable::default();
            arguments.insert("x-queue-type".into(), text("stream"));
            if self.settings.ttl > 0 {
                arguments.insert("x-max-age".into(), text(&format!("{}s", self.settings.ttl)));
            }
            arguments
        } else {
            self.transient_arguments()
        };
        Ok(Queue {
            name: queue_name,
            durable: self.settings.transient_quorum_queue || stream,
            auto_delete: false,
            arguments,
            binding: Some((exchange, topic)),
            stream,
            private: !stream && self.manager.is_none(),
            prefix,
        })
    }

    fn transient_arguments(&self) -> FieldTable {
        let mut arguments = self.quorum_arguments(self.settings.transient_quorum_queue);
        if self.settings.ttl > 0 {
            let milliseconds = i64::from(self.settings.ttl) * 1000;
            arguments.insert("x-expires".into(), FieldValue::LongLongInt(milliseconds));
        }
        arguments
    }

    fn quorum_arguments(&self, quorum: bool) -> FieldTable {
        let mut arguments = FieldTable::default();
        if quorum {
            let limits = &self.settings.quorum;
            arguments.insert("x-queue-type".into(), text("quorum"));
            for (name, limit) in [
                ("x-delivery-limit", limits.delivery_limit),
                ("x-max-in-memory-length", limits.max_memory_length.into()),
                ("x-max-in-memory-bytes", limits.max_memory_bytes.into()),
            ] {
                if limit != 0 {
                    arguments.insert(name.into(), FieldValue::LongLongInt(limit));
                }
            }
        }
        arguments
    }
}

fn text(value: &str) -> FieldValue {
    FieldValue::LongString(value.into())
}

fn name(target: &Target, name: String) -> Result<Name> {
    if name.is_empty() {
        return Err(Error::new_invalid_target(
            target,
            "the topic and the exchange must not be empty",
        ));
    }
    Name::try_new(name).map_err(|_| {
        Error::new_invalid_target(
            target,
            "a name in AMQP has at most 255 bytes: shorten the exchange, topic or server",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::settings::QuorumLimits;
    use super::*;

    fn arguments(queue: &Queue) -> String {
        let mut list: Vec<_> = queue
            .arguments
            .inner()
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        list.sort();
        list.join(" ")
    }

    #[test]
    fn by_default_exchanges_and_queues_are_transient() {
        let topology = Topology::new(TopologySettings::default());
        let target = Target::new("t").server("s");
        let [topic, directed, mut fanout] = topology.server_queues(&target).unwrap();
        topology.name_anew(&mut fanout).unwrap();
        for (queue, name) in [(&topic, "t"), (&directed, "t.s")] {
            assert_eq!(queue.name.as_str(), name);
            assert!(!queue.durable && !queue.auto_delete && !queue.private);
            assert_eq!(arguments(queue), "");
            let (exchange, key) = queue.binding.as_ref().unwrap();
            assert_eq!((exchange.name.as_str(), key.as_str()), ("openstack", name));
            assert!(!exchange.durable && !exchange.auto_delete);
        }
        assert!(fanout.name.as_str().starts_with("t_fanout_"));
        assert!(!fanout.durable && fanout.private);
        assert_eq!(arguments(&fanout), "x-expires=LongLongInt(1800000)");
        let (exchange, key) = fanout.binding.as_ref().unwrap();
        assert_eq!((exchange.name.as_str(), key.as_str()), ("t_fanout", "t"));
        assert!(!exchange.durable && exchange.auto_delete);
    }

    #[test]
    fn transient_quorum_queues_have_the_limits() {
        let topology = Topology::new(TopologySettings {
            transient_quorum_queue: true,
            quorum: QuorumLimits {
                delivery_limit: 3,
                ..QuorumLimits::default()
            },
            ttl: 0,
            ..TopologySettings::default()
        });
        let mut reply = topology.reply_queue();
        topology.name_anew(&mut reply).unwrap();
        assert!(reply.durable && reply.private && reply.must_be_durable());
        assert_eq!(reply.name.as_str().len(), "reply_".len() + 32);
        assert!(arguments(&reply).starts_with("x-delivery-limit=LongLongInt(3) x-queue-type="));
    }

    #[test]
    fn routes_and_names_are_checked() {
        let topology = Topology::new(TopologySettings::default());
        let route = topology.route(&Target::new("t").fanout(true)).unwrap();
        assert_eq!(route.exchange.unwrap().name.as_str(), "t_fanout");
        assert_eq!(route.key.as_str(), "");
        assert!(topology.route(&Target::new("t".repeat(256))).is_err());
        assert!(topology.route(&Target::new("")).is_err());
        assert!(topology.server_queues(&Target::new("t")).is_err());
    }
}
