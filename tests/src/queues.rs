//! The types of queues that a deployment may use, as options of the transport URL.

/// The type of all queues of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queues {
    /// As oslo.messaging declares them by default: classic queues that do not survive a restart of the broker.
    Transient,
    /// Durable classic queues.
    Durable,
    /// Quorum queues, also for replies and fanouts, with stable names.
    Quorum,
    /// The same, and one stream for the fanouts of a topic.
    Streams,
}

impl Queues {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Transient, Self::Durable, Self::Quorum, Self::Streams];

    /// The name of the type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Durable => "durable",
            Self::Quorum => "quorum",
            Self::Streams => "streams",
        }
    }

    /// The transport URL of the broker with such queues. `process` is part of stable names, so it must differ between
    /// concurrent processes. `tests/run` removes the counters of these names.
    #[must_use]
    pub fn broker_url(self, process: &str) -> String {
        let quorum = || {
            let host = crate::host_name();
            format!(
                "rabbit_quorum_queue=true&rabbit_transient_quorum_queue=true\
                 &use_queue_manager=true&hostname={host}&processname={process}"
            )
        };
        let options = match self {
            Self::Transient => return crate::broker_url(),
            Self::Durable => "amqp_durable_queues=true".to_owned(),
            Self::Quorum => quorum(),
            Self::Streams => format!(
                "{}&rabbit_stream_fanout=true&rabbit_qos_prefetch_count=64",
                quorum()
            ),
        };
        let url = crate::broker_url();
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}{options}")
    }
}
