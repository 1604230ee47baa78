//! Lists every option of oslo.messaging, and what this library does with it.
//!
//! The rabbit driver defines the effect of each option of `[oslo_messaging_rabbit]`, because a URL may contain the
//! option, too. This module reads the effects from the driver.

use std::sync::LazyLock;

use crate::transport::{UrlEffect, rabbit_effect};

/// One option of oslo.messaging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OsloOption {
    /// The group, as files write it: `DEFAULT`, or a name in lower case.
    pub group: &'static str,
    /// The current name.
    pub name: &'static str,
    /// Older names in the same group.
    pub deprecated: &'static [&'static str],
    /// oslo.messaging's default, as a file would contain it. `None` if there is no default, or the program
    /// decides it.
    pub default: Option<&'static str>,
    /// What this library does with the option.
    pub effect: Effect,
    pub(super) kind: Kind,
}

/// What this library does with an option of oslo.messaging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The option has the meaning that it has in oslo.messaging, with these exceptions. 0 for
    /// `rabbit_qos_prefetch_count` means this library's default, and not an unlimited prefetch. 0 for
    /// `heartbeat_timeout_threshold` means the broker's interval, and not no heartbeats. After a refusal, pauses grow up
    /// to 30 s, also if `rabbit_interval_max` is less. The formats and login methods that this library does not have are
    /// errors.
    Honoured,
    /// The option may be set and has no effect. The text is the reason.
    None(&'static str),
    /// Some values of the option are an error. The text is the reason.
    Refused(&'static str),
}

/// The type of an option in oslo.config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// One of several words. An empty value is not one of them.
    Choice,
    Integer,
    Float,
    Boolean,
    List,
    Many,
}

use Kind::{Boolean, Choice, Float, Integer, List, Many, Text};

/// A group, and what this library does with its options. For `[oslo_messaging_rabbit]`, [`rabbit`] sets the effect of
/// each option.
struct Group(&'static str, Effect);

impl Group {
    const fn option(
        &self,
        name: &'static str,
        kind: Kind,
        default: Option<&'static str>,
    ) -> OsloOption {
        let &Group(group, effect) = self;
        OsloOption {
            group,
            name,
            deprecated: &[],
            default,
            effect,
            kind,
        }
    }
}

const DEFAULT: Group = Group("DEFAULT", Effect::Honoured);
const RABBIT: Group = Group("oslo_messaging_rabbit", Effect::Honoured);
const NOTIFICATIONS: Group = Group(
    "oslo_messaging_notifications",
    Effect::None("notifications are not covered"),
);
const KAFKA: Group = Group("oslo_messaging_kafka", Effect::None("Kafka is not covered"));
const METRICS: Group = Group(
    "oslo_messaging_metrics",
    Effect::None("the program decides where its metrics go"),
);
const TRACING: Group = Group(
    "oslo_messaging_tracing",
    Effect::None("spans go to the subscriber that the program installs"),
);

/// An option of `[oslo_messaging_rabbit]`.
fn rabbit(name: &'static str, kind: Kind, default: Option<&'static str>) -> OsloOption {
    let effect = match rabbit_effect(name) {
        UrlEffect::Without(why) => Effect::None(why),
        UrlEffect::Refused(why) => Effect::Refused(why),
        UrlEffect::Other => Effect::Honoured,
    };
    OsloOption {
        effect,
        ..RABBIT.option(name, kind, default)
    }
}

/// All options of oslo.messaging 18.3.1.
#[rustfmt::skip]
pub(super) static OPTIONS: LazyLock<Vec<OsloOption>> = LazyLock::new(|| vec![
    DEFAULT.option("transport_url", Text, Some("rabbit://")),
    DEFAULT.option("control_exchange", Text, Some("openstack")),
    DEFAULT.option("rpc_response_timeout", Integer, Some("60")),
    OsloOption {
        deprecated: &["rpc_thread_pool_size"],
        ..DEFAULT.option("executor_thread_pool_size", Integer, Some("64"))
    },
    DEFAULT.option("rpc_ping_enabled", Boolean, Some("false")),
    rabbit("amqp_auto_delete", Boolean, Some("false")),
    rabbit("amqp_durable_queues", Boolean, Some("false")),
    rabbit("conn_pool_min_size", Integer, Some("2")),
    rabbit("conn_pool_ttl", Integer, Some("1200")),
    rabbit("direct_mandatory_flag", Boolean, Some("true")),
    rabbit("enable_cancel_on_failover", Boolean, Some("false")),
    rabbit("heartbeat_rate", Integer, Some("3")),
    rabbit("heartbeat_timeout_threshold", Integer, Some("60")),
    rabbit("hostname", Text, None),
    rabbit("kombu_compression", Text, None),
    rabbit("kombu_failover_strategy", Choice, Some("round-robin")),
    OsloOption {
        deprecated: &["kombu_reconnect_timeout"],
        ..rabbit("kombu_missing_consumer_retry_timeout", Integer, Some("60"))
    },
    rabbit("kombu_reconnect_delay", Float, Some("1.0")),
    rabbit("kombu_reconnect_splay", Float, Some("0.0")),
    rabbit("processname", Text, None),
    rabbit("rabbit_ha_queues", Boolean, Some("false")),
    rabbit("rabbit_interval_max", Integer, Some("30")),
    rabbit("rabbit_login_method", Choice, Some("AMQPLAIN")),
    rabbit("rabbit_qos_prefetch_count", Integer, Some("0")),
    rabbit("rabbit_quorum_delivery_limit", Integer, Some("0")),
    rabbit("rabbit_quorum_max_memory_bytes", Integer, Some("0")),
    rabbit("rabbit_quorum_max_memory_length", Integer, Some("0")),
    rabbit("rabbit_quorum_queue", Boolean, Some("false")),
    rabbit("rabbit_retry_backoff", Integer, Some("2")),
    rabbit("rabbit_retry_interval", Integer, Some("1")),
    rabbit("rabbit_stream_fanout", Boolean, Some("false")),
    rabbit("rabbit_transient_queues_ttl", Integer, Some("1800")),
    rabbit("rabbit_transient_quorum_queue", Boolean, Some("false")),
    rabbit("rpc_conn_pool_size", Integer, Some("30")),
    rabbit("ssl", Boolean, Some("false")),
    rabbit("ssl_ca_file", Text, Some("")),
    rabbit("ssl_cert_file", Text, Some("")),
    rabbit("ssl_enforce_fips_mode", Boolean, Some("false")),
    rabbit("ssl_enforce_hostname_verification", Boolean, Some("true")),
    rabbit("ssl_key_file", Text, Some("")),
    rabbit("ssl_version", Text, Some("")),
    rabbit("use_queue_manager", Boolean, Some("false")),
    NOTIFICATIONS.option("driver", Many, Some("")),
    NOTIFICATIONS.option("retry", Integer, Some("-1")),
    NOTIFICATIONS.option("topics", List, Some("notifications")),
    NOTIFICATIONS.option("transport_url", Text, None),
    KAFKA.option("compression_codec", Choice, Some("none")),
    KAFKA.option("consumer_group", Text, Some("oslo_messaging_consumer")),
    KAFKA.option("enable_auto_commit", Boolean, Some("false")),
    KAFKA.option("kafka_consumer_timeout", Float, Some("1.0")),
    KAFKA.option("kafka_max_fetch_bytes", Integer, Some("1048576")),
    KAFKA.option("max_poll_records", Integer, Some("500")),
    KAFKA.option("producer_batch_size", Integer, Some("16384")),
    KAFKA.option("producer_batch_timeout", Float, Some("0.0")),
    KAFKA.option("sasl_mechanism", Text, Some("PLAIN")),
    KAFKA.option("security_protocol", Choice, Some("PLAINTEXT")),
    KAFKA.option("ssl_cafile", Text, Some("")),
    KAFKA.option("ssl_client_cert_file", Text, Some("")),
    KAFKA.option("ssl_client_key_file", Text, Some("")),
    KAFKA.option("ssl_client_key_password", Text, Some("")),
    METRICS.option("metrics_buffer_size", Integer, Some("1000")),
    METRICS.option("metrics_enabled", Boolean, Some("false")),
    METRICS.option("metrics_process_name", Text, Some("")),
    // This is oslo.messaging's default, as for all options here. This library does not open the file.
    METRICS.option("metrics_socket_file", Text, Some("/var/tmp/metrics_collector.sock")),
    METRICS.option("metrics_thread_stop_timeout", Integer, Some("10")),
    TRACING.option("insecure", Boolean, Some("false")),
    TRACING.option("otel_exporter_otlp_endpoint", Text, Some("http://localhost:4318")),
    TRACING.option("otlp_protocol", Choice, Some("http/protobuf")),
    TRACING.option("tracing_enabled", Boolean, Some("false")),
    TRACING.option("tracing_service_name", Text, Some("openstack")),
]);

/// The option whose current name is `name`.
pub(super) fn find(group: &str, name: &str) -> Option<&'static OsloOption> {
    let mut options = OPTIONS.iter();
    options.find(|option| option.group == group && option.name == name)
}
