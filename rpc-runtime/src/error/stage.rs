//! [`Stage`], the step of a call that was not completed in time, and its texts.

use std::fmt;
use std::sync::Arc;

/// What a call was waiting for when it reached its time limit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// A connection to the broker. The value says why the last attempt failed, if one failed.
    Connection(Option<Arc<str>>),
    /// The declaration of the reply queue or of the request's exchange. The value says why the broker refuses
    /// it.
    Declaration(Arc<str>),
    /// The end of a resource alarm: the broker accepts no messages while it is short of memory or disk space.
    /// The value is the broker's reason.
    Unblocking(Arc<str>),
    /// The broker's confirm of the request. If the connection was lost before the confirm came, the value
    /// says why. The call then waits for the reply to a request that may have been lost.
    Confirmation(Option<Arc<str>>),
    /// The reply. The request is in its queue or at a server.
    Reply,
    /// The server's next heartbeat, on a call with a monitor.
    Heartbeat,
}

impl Stage {
    /// What a user can do about it.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Connection(_) => "check the transport URL and the broker",
            Self::Declaration(_) => {
                "correct the cause: permissions, or a queue or exchange that exists with other properties"
            }
            Self::Unblocking(_) => "free the broker's memory or disk",
            Self::Confirmation(_) => "check the broker, which may be slow or unreachable",
            Self::Reply => {
                "check that a server runs there, or give the call more time with `timeout`"
            }
            Self::Heartbeat => {
                "check the server, or allow more time between heartbeats with `monitor`"
            }
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(None) => f.write_str("a connection to the broker"),
            Self::Connection(Some(why)) => write!(f, "a connection to the broker ({why})"),
            Self::Declaration(why) => {
                write!(f, "the broker to accept a declaration ({why})")
            }
            Self::Unblocking(why) => write!(f, "the broker to accept messages again ({why})"),
            Self::Confirmation(None) => f.write_str("the broker to confirm the request"),
            Self::Confirmation(Some(why)) => {
                write!(f, "the reply to a request that may have been lost ({why})")
            }
            Self::Reply => f.write_str("the reply"),
            Self::Heartbeat => f.write_str("the server's heartbeat"),
        }
    }
}
