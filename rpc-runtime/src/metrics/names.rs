//! The names and descriptions of all metrics. They are public: programs and dashboards depend on them.

/// The name of a metric, and its description.
pub(super) type Name = (&'static str, &'static str);

/// The metrics of a message. Clients and servers have one set each.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) started: Name,
    pub(super) finished: Name,
    pub(super) seconds: Name,
    pub(super) in_flight: Name,
}

pub(super) const CLIENT: &Names = &Names {
    started: (
        "rpc_client_started_total",
        "Calls and casts that were handed to the transport",
    ),
    finished: (
        "rpc_client_finished_total",
        "Calls and casts that have ended, by outcome",
    ),
    seconds: (
        "rpc_client_seconds",
        "How long a call waited for its reply, or a cast for the broker's confirm",
    ),
    in_flight: (
        "rpc_client_in_flight",
        "Calls and casts that have not ended",
    ),
};

pub(super) const SERVER: &Names = &Names {
    started: (
        "rpc_server_started_total",
        "Requests whose handling has begun",
    ),
    finished: (
        "rpc_server_finished_total",
        "Requests whose handling has ended, by outcome",
    ),
    seconds: (
        "rpc_server_seconds",
        "How long a request was handled, middleware included",
    ),
    in_flight: ("rpc_server_in_flight", "Requests that are being handled"),
};

pub(super) const REQUESTS_DROPPED: Name = (
    "rpc_server_requests_dropped_total",
    "Requests that have arrived and were not run",
);
pub(super) const PERMIT_SECONDS: Name = (
    "rpc_server_permit_seconds",
    "How long a request that had arrived waited for a permit to run",
);
pub(super) const REPLIES_DROPPED: Name = (
    "rpc_replies_dropped_total",
    "Replies that did not reach their callers",
);
pub(super) const SENT: Name = (
    "rpc_sent_bytes_total",
    "The bytes of requests and replies that were handed to the transport",
);
pub(super) const RECEIVED: Name = (
    "rpc_received_bytes_total",
    "The bytes of requests that have arrived, and of replies that have reached their calls",
);
pub(super) const UNPUBLISHED: Name = (
    "rpc_publish_failures_total",
    "Attempts that the broker returned, rejected or refused, and messages that were given up",
);
pub(super) const CONNECTED: Name = (
    "rpc_connections_made_total",
    "Connections to a broker that were made",
);
pub(super) const RECONNECTED: Name = (
    "rpc_reconnects_total",
    "Connections to a broker that were made in place of one that was lost",
);
pub(super) const CONNECTION_LOST: Name = (
    "rpc_connections_lost_total",
    "Connections to a broker that were lost",
);
pub(super) const CONNECTION_FAILED: Name = (
    "rpc_connection_failures_total",
    "Attempts to connect to a broker that have failed",
);

/// The counters that are not in [`Names`].
pub(super) const COUNTERS: &[Name] = &[
    REQUESTS_DROPPED,
    REPLIES_DROPPED,
    SENT,
    RECEIVED,
    UNPUBLISHED,
    CONNECTED,
    RECONNECTED,
    CONNECTION_LOST,
    CONNECTION_FAILED,
];
