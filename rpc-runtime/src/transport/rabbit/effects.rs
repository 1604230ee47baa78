//! The options of oslo.messaging that this driver knows and does not follow, with the reasons.
//!
//! An estate often shares one URL, or one file, between both languages: what makes no difference here may be there.

/// What an option does that this driver does not follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UrlEffect {
    /// It may be set, and changes nothing.
    Without(&'static str),
    /// It may only be set to what it is by default.
    Refused(&'static str),
    /// The driver follows it, or does not know it.
    Other,
}

/// What the option called `name` does.
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
        "a transport has two connections, and shares them",
    ),
    (&["direct_mandatory_flag"], "replies are always mandatory"),
    (
        &["enable_cancel_on_failover"],
        "a consumer may move with its queue: a request that comes twice runs once",
    ),
    (
        &["heartbeat_in_pthread", "heartbeat_rate"],
        "heartbeats are sent from a thread of the connection's own, at half of the agreed interval",
    ),
    (
        &["kombu_failover_strategy"],
        "the hosts are tried in turn, shuffled",
    ),
    (
        &["kombu_reconnect_delay", "kombu_reconnect_splay"],
        "a consumer that the broker cancels is there again at once",
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
