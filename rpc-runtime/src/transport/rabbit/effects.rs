//! The options of oslo.messaging that this driver knows but does not follow, with the reasons.
//!
//! Python and Rust services often share one URL or one file, so an option without effect here must not be an error. An
//! option must be refused if it asks for something that the driver cannot do. Plain constants.

/// The effect of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UrlEffect {
    /// The option may be set but has no effect, for this reason.
    Without(&'static str),
    /// The option may only have its default value, for this reason.
    Refused(&'static str),
    /// The driver follows the option, or does not know it.
    Other,
}

/// The effect of the option `name`.
pub(crate) fn effect(name: &str) -> UrlEffect {
    let without = WITHOUT.iter().find(|(names, _)| names.contains(&name));
    let refused = REFUSED.iter().find(|(refused, _)| *refused == name);
    match (without, refused) {
        (Some((_, why)), _) => UrlEffect::Without(why),
        (None, Some((_, why))) => UrlEffect::Refused(why),
        (None, None) => UrlEffect::Other,
    }
}

const WITHOUT: [(&[&str], &str); 9] = [
    (
        &["conn_pool_min_size", "conn_pool_ttl", "rpc_conn_pool_size"],
        "all clients and servers of a transport share its two connections",
    ),
    (&["direct_mandatory_flag"], "replies are always mandatory"),
    (
        &["enable_cancel_on_failover"],
        "a consumer stays when its queue fails over: a server runs a request once, even if it is delivered twice",
    ),
    (
        &["heartbeat_in_pthread", "heartbeat_rate"],
        "the transport's own thread sends heartbeats, at half of the negotiated interval",
    ),
    (
        &["kombu_failover_strategy"],
        "the hosts are tried in turn, shuffled",
    ),
    (
        &["kombu_reconnect_delay", "kombu_reconnect_splay"],
        "a consumer that the broker cancels is started again at once",
    ),
    (
        &["rabbit_ha_queues"],
        "RabbitMQ 3.0 and later ignore it: mirror queues by a policy, or use `rabbit_quorum_queue`",
    ),
    (
        &["ssl_enforce_hostname_verification"],
        "the broker's name is always checked",
    ),
    (&["ssl_version"], "TLS 1.2 and 1.3 are always offered"),
];

const REFUSED: [(&str, &str); 1] = [(
    "ssl_enforce_fips_mode",
    "the TLS library has no FIPS mode: leave it out",
)];
