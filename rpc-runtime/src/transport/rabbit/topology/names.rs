//! Names, flags and arguments of exchanges and queues, as oslo.messaging declares them.
//!
//! Whoever comes first declares, and a declaration that differs in one flag or argument is refused, so
//! nothing in here may be tidier than oslo.messaging: an `x-queue-type` only where it sends one.
//! Plain values, no I/O.

use super::super::amqp::{
    BrokerVersion, ExchangeDeclaration, ExchangeKind, FieldTable, FieldValue, Name,
};
use super::super::options::TopologyOptions;
use super::queue_manager::QueueManager;
use crate::wire::MessageId;
use crate::{Error, Result, Target};

/// The delivery limit of quorum queues that are declared without one, from RabbitMQ 4.0 on.
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
    /// What the broker is told; with `passive`, it only looks whether there is such an exchange.
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
    reason = "two are AMQP's flags, two are ours"
)]
pub(crate) struct Queue {
    pub(crate) name: Name,
    pub(crate) durable: bool,
    pub(crate) auto_delete: bool,
    pub(crate) arguments: FieldTable,
    /// Where its messages come from; absent for the default exchange.
    pub(crate) binding: Option<(Exchange, Name)>,
    /// One queue for all servers, of which each reads everything from its own place.
    pub(crate) stream: bool,
    /// Nobody else will ever use it: to be deleted in an orderly close.
    pub(crate) private: bool,
    /// What stands before the unique part of its name, if the name has one.
    pub(crate) prefix: Option<String>,
}

impl Queue {
    /// Whether it is a quorum queue.
    pub(crate) fn is_quorum(&self) -> bool {
        matches!(self.arguments.inner().get("x-queue-type"),
            Some(FieldValue::LongString(kind)) if kind.as_bytes() == b"quorum")
    }

    /// Whether its type forbids it to be transient.
    pub(crate) fn must_be_durable(&self) -> bool {
        self.arguments.contains_key("x-queue-type")
    }
}

/// Where a message is published.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// To be declared first; absent for the default exchange.
    pub(crate) exchange: Option<Exchange>,
    pub(crate) key: Name,
}

/// Makes names and declarations by the options.
#[derive(Debug)]
pub(crate) struct Topology {
    options: TopologyOptions,
    manager: Option<QueueManager>,
}

impl Topology {
    pub(crate) fn new(options: TopologyOptions) -> Self {
        let manager = options
            .queue_manager
            .then(|| QueueManager::new(options.host_name.clone(), options.process_name.clone()));
        Self { options, manager }
    }

    /// Where a request to `target` goes.
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

    /// The three queues of a server: the topic's, its own, and the one for fanouts. The last has no name so far, unless
    /// it is a stream; see [`name_anew`](Self::name_anew).
    pub(crate) fn server_queues(&self, target: &Target) -> Result<[Queue; 3]> {
        let Some(server) = &target.server else {
            return Err(Error::invalid_target(
                target,
                "name the server that listens there",
            ));
        };
        let exchange = self.control_exchange(target)?;
        let topic = name(target, target.topic.clone())?;
        let directed = name(target, format!("{}.{server}", target.topic))?;
        let queue = |name: Name| Queue {
            durable: exchange.durable,
            auto_delete: exchange.auto_delete,
            arguments: self.quorum_arguments(self.options.quorum_queue),
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

    /// The queue for replies to this process. It has no name so far; see [`name_anew`](Self::name_anew).
    pub(crate) fn reply_queue(&self) -> Queue {
        Queue {
            name: Name::default(),
            durable: self.options.transient_quorum_queue,
            auto_delete: false,
            arguments: self.transient_arguments(),
            binding: None,
            stream: false,
            private: self.manager.is_none(),
            prefix: Some("reply_".into()),
        }
    }

    /// How often a quorum queue of these declarations hands a message out again before it drops it, on a broker of this
    /// version. None if there is no limit, unless a policy sets one.
    pub(crate) fn delivery_limit(&self, version: Option<&BrokerVersion>) -> Option<i64> {
        match self.options.quorum.delivery_limit {
            0 => (version?.major() >= 4).then_some(DEFAULT_DELIVERY_LIMIT),
            limit => (limit > 0).then_some(limit),
        }
    }

    /// Gives a queue the next name that no other process should have. Blocks for file I/O with `use_queue_manager`.
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

    /// Whether the names of a process's own queues come from the queue manager: others may have the same.
    pub(crate) fn has_managed_names(&self) -> bool {
        self.manager.is_some()
    }

    fn control_exchange(&self, target: &Target) -> Result<Exchange> {
        Ok(Exchange {
            name: name(target, target.exchange_name().to_owned())?,
            kind: ExchangeKind::Topic,
            durable: self.options.durable_queues || self.options.quorum_queue,
            auto_delete: self.options.auto_delete,
        })
    }

    fn fanout_exchange(&self, target: &Target) -> Result<Exchange> {
        Ok(Exchange {
            name: name(target, format!("{}_fanout", target.topic))?,
            kind: ExchangeKind::Fanout,
            durable: self.options.transient_quorum_queue,
            auto_delete: true,
        })
    }

    fn fanout_queue(&self, target: &Target, topic: Name) -> Result<Queue> {
        let exchange = self.fanout_exchange(target)?;
        let stream = self.options.stream_fanout;
        let prefix = (!stream).then(|| format!("{}_fanout_", target.topic));
        let queue_name = if stream {
            exchange.name.clone()
        } else {
            Name::default()
        };
        let arguments = if stream {
            let mut arguments = FieldTable::default();
            arguments.insert("x-queue-type".into(), text("stream"));
            if self.options.ttl > 0 {
                arguments.insert("x-max-age".into(), text(&format!("{}s", self.options.ttl)));
            }
            arguments
        } else {
            self.transient_arguments()
        };
        Ok(Queue {
            name: queue_name,
            durable: self.options.transient_quorum_queue || stream,
            auto_delete: false,
            arguments,
            binding: Some((exchange, topic)),
            stream,
            private: !stream && self.manager.is_none(),
            prefix,
        })
    }

    fn transient_arguments(&self) -> FieldTable {
        let mut arguments = self.quorum_arguments(self.options.transient_quorum_queue);
        if self.options.ttl > 0 {
            let milliseconds = i64::from(self.options.ttl) * 1000;
            arguments.insert("x-expires".into(), FieldValue::LongLongInt(milliseconds));
        }
        arguments
    }

    fn quorum_arguments(&self, quorum: bool) -> FieldTable {
        let mut arguments = FieldTable::default();
        if quorum {
            let limits = &self.options.quorum;
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
        return Err(Error::invalid_target(
            target,
            "a topic and an exchange have names",
        ));
    }
    Name::try_new(name).map_err(|_| {
        Error::invalid_target(
            target,
            "AMQP's names have 255 bytes at most: shorten exchange, topic or server",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::options::QuorumLimits;
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
    fn by_default_all_is_transient() {
        let topology = Topology::new(TopologyOptions::default());
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
    fn transient_quorum_queues_carry_the_limits() {
        let topology = Topology::new(TopologyOptions {
            transient_quorum_queue: true,
            quorum: QuorumLimits {
                delivery_limit: 3,
                ..QuorumLimits::default()
            },
            ttl: 0,
            ..TopologyOptions::default()
        });
        let mut reply = topology.reply_queue();
        topology.name_anew(&mut reply).unwrap();
        assert!(reply.durable && reply.private && reply.must_be_durable());
        assert_eq!(reply.name.as_str().len(), "reply_".len() + 32);
        assert!(arguments(&reply).starts_with("x-delivery-limit=LongLongInt(3) x-queue-type="));
    }

    #[test]
    fn routes_and_names_are_checked() {
        let topology = Topology::new(TopologyOptions::default());
        let route = topology.route(&Target::new("t").fanout(true)).unwrap();
        assert_eq!(route.exchange.unwrap().name.as_str(), "t_fanout");
        assert_eq!(route.key.as_str(), "");
        assert!(topology.route(&Target::new("t".repeat(256))).is_err());
        assert!(topology.route(&Target::new("")).is_err());
        assert!(topology.server_queues(&Target::new("t")).is_err());
    }
}
