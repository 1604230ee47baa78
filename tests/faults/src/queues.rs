//! The types of queues: the options of each, and the faults that it survives.

use crate::fault::Kind;

/// As [`QUORUM`](crate::cluster::QUORUM), with streams, which need a prefetch.
const STREAMS: &str = "rabbit_quorum_queue=true&rabbit_transient_quorum_queue=true&\
                       rabbit_stream_fanout=true&rabbit_qos_prefetch_count=64";

/// How the queues of a block are declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queues {
    /// As oslo.messaging declares them by default. They are lost when the broker restarts.
    Transient,
    /// Durable classic queues.
    Durable,
    /// Quorum queues, also for replies.
    Quorum,
    /// The same, and a stream for the topic's fanouts.
    Streams,
}

impl Queues {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Transient, Self::Durable, Self::Quorum, Self::Streams];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Durable => "durable",
            Self::Quorum => "quorum",
            Self::Streams => "streams",
        }
    }

    /// Whether such queues survive this fault, with this number of nodes.
    #[must_use]
    pub fn survive(self, kind: Kind, nodes: usize) -> bool {
        // RabbitMQ 3.10 starts no process for a quorum queue that was deleted and declared again before the crash. On a
        // single node, the queue then refuses every consumer. In a cluster, it has one replica less.
        let deletes = matches!(
            kind,
            Kind::ReplyQueueDeleted | Kind::TopicQueueDeleted | Kind::VirtualHostDeleted
        );
        match (self, nodes) {
            (_, 1) if kind == Kind::RollingRestart => false,
            (Self::Quorum | Self::Streams, 1) => kind != Kind::NodeKilled,
            (Self::Quorum | Self::Streams, _) => !deletes,
            // They are lost with their node, for as long as the node is down.
            (Self::Transient | Self::Durable, nodes) => nodes == 1,
        }
    }

    /// The options of a transport URL.
    #[must_use]
    pub fn options(self) -> &'static str {
        match self {
            Self::Transient => "amqp_durable_queues=false",
            Self::Durable => "amqp_durable_queues=true",
            Self::Quorum => crate::cluster::QUORUM,
            Self::Streams => STREAMS,
        }
    }
}
