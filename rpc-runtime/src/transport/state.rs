//! How a transport is: a plain value, for readiness probes and for people.

use std::sync::Arc;

use tokio::time::Instant;

/// How a transport is; see [`Transport::state`](crate::Transport::state).
///
/// A transport over RabbitMQ has one connection to publish and one to consume. It is connected when all those are
/// that were needed so far.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportState {
    /// The driver does not say: see [`Driver::state`](super::Driver::state).
    Unknown,
    /// Nothing has needed a connection yet: it is made by the first call, cast or server.
    Idle,
    /// There is no connection, and one is being made.
    #[non_exhaustive]
    Connecting {
        /// Since when there is none.
        since: Instant,
        /// Why the last attempt, or the last connection, failed; absent before the first has.
        why: Option<Arc<str>>,
    },
    /// Messages go through.
    #[non_exhaustive]
    Connected {
        /// Since when.
        since: Instant,
        /// The broker: its host and port, or `memory`.
        broker: Arc<str>,
    },
    /// The broker takes no messages for now: it is short of memory or disk. Replies and requests still arrive.
    #[non_exhaustive]
    Blocked {
        /// Since when.
        since: Instant,
        /// The broker.
        broker: Arc<str>,
        /// What the broker says.
        why: Arc<str>,
    },
    /// [`Transport::close`](crate::Transport::close) was called.
    Closed,
}

/// Whether requests reach a server: what a [`Listener`](super::Listener) says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListenerState {
    /// They do.
    Listening {
        /// Since when.
        since: Instant,
    },
    /// They do not: the connection, or a queue, is gone.
    CutOff {
        /// Since when.
        since: Instant,
        /// What ended the listening, or why it could not begin again.
        why: Arc<str>,
    },
}

impl TransportState {
    /// Whether messages go through.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }

    /// How a transport is whose connections are so: what keeps messages back goes before what does not.
    #[cfg(feature = "rabbit")]
    pub(super) fn of_both(self, other: Self) -> Self {
        let rank = |state: &Self| match state {
            Self::Closed => 5,
            Self::Connecting { .. } => 4,
            Self::Blocked { .. } => 3,
            Self::Connected { .. } => 2,
            Self::Idle => 1,
            Self::Unknown => 0,
        };
        match (self, other) {
            // Both are, since the later of the two.
            (
                Self::Connected { since, broker },
                Self::Connected {
                    since: later,
                    broker: other,
                },
            ) => {
                let (since, broker) = if since < later {
                    (later, other)
                } else {
                    (since, broker)
                };
                Self::Connected { since, broker }
            }
            (one, other) if rank(&one) < rank(&other) => other,
            (one, _) => one,
        }
    }
}

#[cfg(feature = "rabbit")]
#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn of_two_connections_the_one_that_keeps_messages_back_counts() {
        let (early, broker) = (Instant::now(), Arc::from("b:1"));
        let late = early + Duration::from_secs(1);
        let connected = |since| TransportState::Connected {
            since,
            broker: Arc::clone(&broker),
        };
        let connecting = TransportState::Connecting {
            since: late,
            why: None,
        };
        let blocked = TransportState::Blocked {
            since: early,
            broker: Arc::clone(&broker),
            why: "memory".into(),
        };
        for (one, other, both) in [
            (
                TransportState::Idle,
                TransportState::Idle,
                TransportState::Idle,
            ),
            (TransportState::Idle, connected(early), connected(early)),
            (connected(early), connected(late), connected(late)),
            (connected(late), blocked.clone(), blocked.clone()),
            (blocked, connecting.clone(), connecting.clone()),
            (connecting, TransportState::Closed, TransportState::Closed),
        ] {
            assert_eq!(one.clone().of_both(other.clone()), both);
            assert_eq!(other.of_both(one), both);
        }
    }
}
