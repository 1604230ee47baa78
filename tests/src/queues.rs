//! The types of queues that an estate may have chosen, as options of the transport URL.

/// What all queues of a case are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queues {
    /// As oslo.messaging declares them by default: classic queues that end with their broker.
    Transient,
    /// Durable classic queues.
    Durable,
    /// Quorum queues, also for replies and fanouts, whose names are the same after a restart.
    Quorum,
    /// The same, and one stream for the fanouts of a topic.
    Streams,
}

impl Queues {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Transient, Self::Durable, Self::Quorum, Self::Streams];

    /// What they are called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Durable => "durable",
            Self::Quorum => "quorum",
            Self::Streams => "streams",
        }
    }

    /// The transport URL of the broker with such queues, for `process`: two that run side by side on one machine must
    /// not be called the same.
    #[must_use]
    pub fn broker_url(self, process: &str) -> String {
        const QUORUM: &str =
            "rabbit_quorum_queue=true&rabbit_transient_quorum_queue=true&use_queue_manager=true";
        let options = match self {
            Self::Transient => return crate::broker_url(),
            Self::Durable => "amqp_durable_queues=true".to_owned(),
            Self::Quorum => format!("{QUORUM}&processname={process}"),
            Self::Streams => format!(
                "{QUORUM}&rabbit_stream_fanout=true&rabbit_qos_prefetch_count=64&processname={process}"
            ),
        };
        let url = crate::broker_url();
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}{options}")
    }
}
