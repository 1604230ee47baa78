//! The types of queues: the options of each, and the faults that it survives.

use crate::fault::Kind;

/// How the queues of a block are declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queues {
    /// As oslo.messaging declares them by default. They are lost when the broker restarts.
    Transient,
    /// Durable classic queues.
    Durable,
    /// Quorum queues, also for replies.
    Quorum,
}

impl Queues {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Transient, Self::Durable, Self::Quorum];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Durable => "durable",
            Self::Quorum => "quorum",
        }
    }

    /// Whether such queues survive this fault, with this number of nodes.
    #[must_use]
    pub fn stand(self, kind: Kind, nodes: usize) -> bool {
        // RabbitMQ 3.10 starts no process for a quorum queue that was deleted and declared again before the crash. On a
        // single node, the queue then refuses every consumer. In a cluster, it has one replica less.
        let deletes = matches!(
            kind,
            Kind::ReplyQueueDeleted | Kind::TopicQueueDeleted | Kind::VirtualHostDeleted
        );
        match (self, nodes) {
            (_, 1) if kind == Kind::RollingRestart => false,
            (Self::Quorum, 1) => kind != Kind::NodeKilled,
            (Self::Quorum, _) => !deletes,
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
        }
    }
}
