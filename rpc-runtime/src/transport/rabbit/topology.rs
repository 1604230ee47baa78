//! Names, flags and arguments of exchanges and queues, as oslo.messaging declares them.
//!
//! Whoever comes first declares, and a declaration that differs in one flag or argument is refused, so
//! nothing in here may be tidier than oslo.messaging: an `x-queue-type` only where it sends one.
//! Plain values, no I/O.

use lapin::ExchangeKind;
use lapin::types::{AMQPValue, FieldTable, ShortString};

use super::steady_names::SteadyNames;
use crate::transport::UrlError;
use crate::wire::MessageId;
use crate::{Error, Result, Target};

/// The options that shape exchanges and queues.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub(super) struct TopologyOptions {
    pub(super) durable_queues: bool,
    pub(super) auto_delete: bool,
    pub(super) quorum_queue: bool,
    pub(super) quorum: QuorumLimits,
    pub(super) transient_quorum_queue: bool,
    /// Seconds without use after which reply and fanout queues expire; 0 for never.
    pub(super) ttl: u32,
    pub(super) stream_fanout: bool,
    pub(super) steady_names: bool,
    pub(super) host_name: Option<String>,
    pub(super) process_name: Option<String>,
}

/// Limits of quorum queues; 0 for none.
#[derive(Debug, Clone, Default)]
pub(super) struct QuorumLimits {
    pub(super) delivery_limit: u32,
    pub(super) max_memory_length: u32,
    pub(super) max_memory_bytes: u32,
}

impl Default for TopologyOptions {
    fn default() -> Self {
        Self {
            durable_queues: false,
            auto_delete: false,
            quorum_queue: false,
            quorum: QuorumLimits::default(),
            transient_quorum_queue: false,
            ttl: 1800,
            stream_fanout: false,
            steady_names: false,
            host_name: None,
            process_name: None,
        }
    }
}

impl TopologyOptions {
    /// Refuses what oslo.messaging refuses.
    pub(super) fn check(&self, prefetch: u16) -> Result<(), UrlError> {
        if !self.stream_fanout {
            return Ok(());
        }
        let missing = if prefetch == 0 {
            "`rabbit_qos_prefetch_count` above 0"
        } else if !self.transient_quorum_queue {
            "`rabbit_transient_quorum_queue=true`"
        } else {
            return Ok(());
        };
        Err(UrlError::Conflict(format!(
            "`rabbit_stream_fanout` needs {missing}"
        )))
    }
}

/// An exchange, as it is declared.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) name: ShortString,
    pub(super) kind: ExchangeKind,
    pub(super) durable: bool,
    pub(super) auto_delete: bool,
}

/// A queue, as it is declared and consumed.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "two are AMQP's flags, two are ours"
)]
pub(super) struct Queue {
    pub(super) name: ShortString,
    pub(super) durable: bool,
    pub(super) auto_delete: bool,
    pub(super) arguments: FieldTable,
    /// Where its messages come from; absent for the default exchange.
    pub(super) binding: Option<(Exchange, ShortString)>,
    /// One queue for all servers, of which each reads everything from its own place.
    pub(super) stream: bool,
    /// Nobody else will ever use it: to be deleted in an orderly close.
    pub(super) private: bool,
}

impl Queue {
    /// Whether its type forbids it to be transient.
    pub(super) fn must_be_durable(&self) -> bool {
        self.arguments.contains_key("x-queue-type")
    }
}

/// Where a message is published.
#[derive(Debug, Clone)]
pub(super) struct Route {
    /// To be declared first; absent for the default exchange.
    pub(super) exchange: Option<Exchange>,
    pub(super) key: ShortString,
}

/// Makes names and declarations by the options.
#[derive(Debug)]
pub(super) struct Topology {
    options: TopologyOptions,
    names: Option<SteadyNames>,
}

impl Topology {
    pub(super) fn new(options: TopologyOptions) -> Self {
        let names = options
            .steady_names
            .then(|| SteadyNames::new(options.host_name.clone(), options.process_name.clone()));
        Self { options, names }
    }

    /// Where a request to `target` goes.
    pub(super) fn route(&self, target: &Target) -> Result<Route> {
        if target.fanout {
            return Ok(Route {
                exchange: Some(self.fanout_exchange(target)?),
                key: ShortString::default(),
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

    /// The three queues of a server: the topic's, its own, and the one for fanouts.
    pub(super) fn server_queues(&self, target: &Target) -> Result<[Queue; 3]> {
        let Some(server) = &target.server else {
            return Err(Error::invalid_target(
                target,
                "name the server that listens there",
            ));
        };
        let exchange = self.control_exchange(target)?;
        let topic = name(target, target.topic.clone())?;
        let directed = name(target, format!("{}.{server}", target.topic))?;
        let queue = |name: ShortString| Queue {
            durable: exchange.durable,
            auto_delete: exchange.auto_delete,
            arguments: self.quorum_arguments(self.options.quorum_queue),
            binding: Some((exchange.clone(), name.clone())),
            stream: false,
            private: false,
            name,
        };
        Ok([
            queue(topic.clone()),
            queue(directed),
            self.fanout_queue(target, topic)?,
        ])
    }

    /// The queue for replies to this process.
    pub(super) fn reply_queue(&self) -> Result<Queue> {
        let unique = self.unique()?;
        let name = ShortString::try_new(format!("reply_{unique}")).map_err(|_| too_long())?;
        Ok(Queue {
            name,
            durable: self.options.transient_quorum_queue,
            auto_delete: false,
            arguments: self.transient_arguments(),
            binding: None,
            stream: false,
            private: self.names.is_none(),
        })
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

    fn fanout_queue(&self, target: &Target, topic: ShortString) -> Result<Queue> {
        let exchange = self.fanout_exchange(target)?;
        let stream = self.options.stream_fanout;
        let queue_name = if stream {
            exchange.name.clone()
        } else {
            name(
                target,
                format!("{}_fanout_{}", target.topic, self.unique()?),
            )?
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
            private: !stream && self.names.is_none(),
        })
    }

    fn transient_arguments(&self) -> FieldTable {
        let mut arguments = self.quorum_arguments(self.options.transient_quorum_queue);
        if self.options.ttl > 0 {
            let milliseconds = i64::from(self.options.ttl) * 1000;
            arguments.insert("x-expires".into(), AMQPValue::LongLongInt(milliseconds));
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
                ("x-max-in-memory-length", limits.max_memory_length),
                ("x-max-in-memory-bytes", limits.max_memory_bytes),
            ] {
                if limit > 0 {
                    arguments.insert(name.into(), AMQPValue::LongLongInt(limit.into()));
                }
            }
        }
        arguments
    }

    /// The last part of a queue's name that no other process may share.
    fn unique(&self) -> Result<String> {
        match &self.names {
            None => Ok(MessageId::unique().to_string()),
            Some(names) => names.next(),
        }
    }
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn name(target: &Target, name: String) -> Result<ShortString> {
    if name.is_empty() {
        return Err(Error::invalid_target(
            target,
            "a topic and an exchange have names",
        ));
    }
    ShortString::try_new(name).map_err(|_| {
        Error::invalid_target(
            target,
            "AMQP's names have 255 bytes at most: shorten exchange, topic or server",
        )
    })
}

fn too_long() -> Error {
    Error::Config("`hostname` and `processname` make a queue name of more than 255 bytes".into())
}

#[cfg(test)]
mod tests {
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
        let [topic, directed, fanout] = topology.server_queues(&target).unwrap();
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
        let reply = topology.reply_queue().unwrap();
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
