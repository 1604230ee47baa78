//! The states of transports and listeners, for readiness probes and for operators.
//!
//! Plain values. Drivers make them from their own state, and must not change them afterwards.

use std::sync::Arc;

use tokio::time::Instant;

/// The state of a transport; see [`Transport::state`](crate::Transport::state).
///
/// A transport over RabbitMQ has one connection to publish and one to consume. It is connected if each connection that
/// was needed so far is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportState {
    /// The driver does not report its state; see [`Driver::state`](super::Driver::state).
    Unknown,
    /// Nothing has needed a connection yet. The first call, cast or server makes one.
    Idle,
    /// A connection that is needed is not up. The driver tries to make it.
    #[non_exhaustive]
    Connecting {
        /// Since when it is not up.
        since: Instant,
        /// Why the last attempt failed, or why the last connection ended. `None` before the first failure.
        why: Option<Arc<str>>,
    },
    /// The connection is up, and messages can be sent.
    #[non_exhaustive]
    Connected {
        /// When this state began.
        since: Instant,
        /// The broker's host and port, or `memory`.
        broker: Arc<str>,
    },
    /// The broker accepts no messages for now, since it is short of memory or disk. Replies and requests still arrive.
    #[non_exhaustive]
    Blocked {
        /// When this state began.
        since: Instant,
        /// The broker's host and port.
        broker: Arc<str>,
        /// The broker's reason.
        why: Arc<str>,
    },
    /// [`Transport::close`](crate::Transport::close) was called.
    Closed,
}

/// Whether requests reach a server; see [`Listener::state`](super::Listener::state).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListenerState {
    /// Requests arrive.
    Listening {
        /// When this state began.
        since: Instant,
    },
    /// Requests do not arrive: the connection or a queue is gone.
    CutOff {
        /// When this state began.
        since: Instant,
        /// Why requests stopped arriving, or why the last attempt to listen again failed.
        why: Arc<str>,
    },
}

impl TransportState {
    /// Whether the state is [`Connected`](Self::Connected): messages can be sent.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }

    /// The state of a transport whose two connections have these states: the first of closed, connecting, blocked,
    /// connected, idle and unknown that one of them has.
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
            // Both are connected since the later of the two times.
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
    fn the_state_of_two_connections_is_the_worse_one() {
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
