//! The settings of a driver: hosts, credentials, timeouts, and the shape of exchanges and queues.
//!
//! Plain values without I/O, read from a URL by [`options`](super::options). The driver owns them. `Debug` must never
//! show a password.

use std::time::Duration;

use super::backoff::Backoff;
use super::compression::Compression;
use crate::transport::Secret;

/// The settings of one driver.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) hosts: Vec<Address>,
    pub(crate) virtual_host: String,
    pub(crate) login: Login,
    /// Seconds without data from the broker after which a connection counts as dead. 0 leaves the interval to the
    /// broker.
    pub(crate) heartbeat: u16,
    /// The limit for each step of connecting: fetching credentials, TCP with TLS, and the AMQP handshake.
    pub(crate) connect_timeout: Duration,
    pub(crate) backoff: Backoff,
    /// The prefetch of each consumer of a server. 0 means `ListenTerms::prefetch`.
    pub(crate) prefetch: u16,
    /// How long to retry a reply whose queue is missing.
    pub(crate) missing_reply_queue: Duration,
    /// How to compress messages. `None` for not at all.
    pub(crate) compression: Option<Compression>,
    pub(crate) topology: TopologySettings,
    #[cfg_attr(
        not(feature = "tls"),
        expect(dead_code, reason = "always `None` without TLS")
    )]
    pub(crate) tls: Option<TlsSettings>,
    /// The options that were given and have no effect.
    pub(crate) without_effect: Vec<String>,
}

/// One broker, with the credentials for it.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: Secret,
}

/// The SASL mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    Plain,
    AmqPlain,
    External,
}

/// The files for TLS.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsSettings {
    /// The file of the certificate authorities. `None` for the system's authorities.
    pub(crate) ca: Option<String>,
    /// The file of the client's certificate.
    pub(crate) cert: Option<String>,
    /// The file of the client's private key.
    pub(crate) key: Option<String>,
}

/// The settings of exchanges and queues.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate option")]
pub(crate) struct TopologySettings {
    pub(crate) durable_queues: bool,
    pub(crate) auto_delete: bool,
    pub(crate) quorum_queue: bool,
    pub(crate) quorum: QuorumLimits,
    pub(crate) transient_quorum_queue: bool,
    /// Seconds without use after which reply and fanout queues expire. 0 for never. For a stream, the age in seconds at
    /// which its messages are deleted.
    pub(crate) ttl: u32,
    pub(crate) stream_fanout: bool,
    pub(crate) queue_manager: bool,
    pub(crate) host_name: Option<String>,
    pub(crate) process_name: Option<String>,
}

/// The limits of quorum queues. 0 leaves a limit to the broker.
#[derive(Debug, Clone, Default)]
pub(crate) struct QuorumLimits {
    /// How often a queue redelivers a message before it drops the message. -1 for no limit.
    pub(crate) delivery_limit: i64,
    pub(crate) max_memory_length: u32,
    pub(crate) max_memory_bytes: u32,
}

impl Default for TopologySettings {
    fn default() -> Self {
        Self {
            durable_queues: false,
            auto_delete: false,
            quorum_queue: false,
            quorum: QuorumLimits::default(),
            transient_quorum_queue: false,
            ttl: 1800,
            stream_fanout: false,
            queue_manager: false,
            host_name: None,
            process_name: None,
        }
    }
}
