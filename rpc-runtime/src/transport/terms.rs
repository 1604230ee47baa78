//! The terms on which a driver sends a message, makes a call, or listens.
//!
//! Plain values without I/O. The client and the server choose them, and the driver must follow them.

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The default size limit of a message that a client or a server reads, in bytes. It equals the largest message that
/// RabbitMQ accepts by default before 4.0.
pub const DEFAULT_MAX_MESSAGE_SIZE: usize = 128 * 1024 * 1024;

/// How long a cast waits for a missing queue by default; see
/// [`CallOptions::queue_wait`](crate::CallOptions::queue_wait).
pub const DEFAULT_QUEUE_WAIT: Duration = Duration::from_secs(60);

/// How often to retry when a message cannot be handed to the broker.
///
/// These count as attempts: each failed attempt to connect, each attempt to publish over a connection that breaks,
/// and each refused declaration of an exchange or of the reply queue.
///
/// A configuration holds a number or `forever`. The number -1 means `forever`, too, as in oslo.messaging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(try_from = "WrittenRetry")]
pub enum Retry {
    /// Retry until it succeeds. A call still ends at its timeout. oslo.messaging's `None` or `-1`.
    #[default]
    Forever,
    /// Try once, retry this many times, then fail with a delivery failure. 0 means one attempt.
    Times(u32),
}

impl From<u32> for Retry {
    fn from(times: u32) -> Self {
        Self::Times(times)
    }
}

impl Serialize for Retry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Forever => serializer.serialize_str(FOREVER),
            Self::Times(times) => serializer.serialize_u32(*times),
        }
    }
}

/// [`Retry::Forever`] in a configuration.
const FOREVER: &str = "forever";

/// A [`Retry`] as a configuration holds it.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenRetry {
    Number(i64),
    Word(String),
}

impl TryFrom<WrittenRetry> for Retry {
    type Error = String;

    fn try_from(written: WrittenRetry) -> Result<Self, String> {
        let number = match written {
            WrittenRetry::Number(-1) => return Ok(Self::Forever),
            WrittenRetry::Word(word) if word == FOREVER => return Ok(Self::Forever),
            WrittenRetry::Number(number) => u32::try_from(number).ok(),
            WrittenRetry::Word(_) => None,
        };
        let refuse =
            || format!("not a number of retries: write a whole number, 0 or more, or `{FOREVER}`");
        number.map(Self::Times).ok_or_else(refuse)
    }
}

/// How to send a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendTerms {
    /// How often to retry.
    pub retry: Retry,
    /// Whether it is an error if no queue takes the message. Ignored for a fanout.
    pub mandatory: bool,
    /// How long a mandatory message waits for a missing queue. A call waits no longer than until its deadline.
    pub queue_wait: Duration,
    /// Whether to send the message again when it may already have been delivered.
    pub resend: bool,
}

impl SendTerms {
    /// Terms for one message. It waits for a missing queue for [`DEFAULT_QUEUE_WAIT`]. It is not sent again once it may
    /// have been delivered.
    #[must_use]
    pub fn new(retry: Retry, mandatory: bool) -> Self {
        Self {
            retry,
            mandatory,
            queue_wait: DEFAULT_QUEUE_WAIT,
            resend: false,
        }
    }
}

/// How to make a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallTerms {
    /// How to send the request.
    pub send: SendTerms,
    /// The timeout of the whole call, for the texts of errors.
    pub timeout: Duration,
    /// When the call ends and the request expires: `timeout` after the call began.
    pub deadline: Instant,
    /// How long the server may send no heartbeat while the method runs. `None` for no limit.
    pub monitor: Option<Duration>,
    /// The size of the largest reply that the caller accepts, in bytes. A driver need not read a larger reply: it can
    /// pass [`Reply::too_large`](crate::wire::Reply::too_large) instead.
    pub max_reply_size: usize,
}

impl CallTerms {
    /// Terms for one call that begins now. It accepts replies of up to [`DEFAULT_MAX_MESSAGE_SIZE`].
    #[must_use]
    pub fn new(send: SendTerms, timeout: Duration, monitor: Option<Duration>) -> Self {
        let mut terms = Self {
            send,
            timeout,
            deadline: Instant::now(),
            monitor,
            max_reply_size: DEFAULT_MAX_MESSAGE_SIZE,
        };
        terms.begin(terms.deadline);
        terms
    }

    /// Sets the deadline of a call that begins at `now`.
    pub(crate) fn begin(&mut self, now: Instant) {
        // A timeout beyond the clock's range is longer than any call: a century is no practical limit.
        let century = Duration::from_secs(100 * 365 * 24 * 3600);
        let deadline = now.checked_add(self.timeout);
        self.deadline = deadline.unwrap_or_else(|| now + century);
    }
}

/// How a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenTerms {
    /// How many requests may be in flight: taken, with a [`Responder`](super::Responder) that is not yet dropped. At
    /// most [`Semaphore::MAX_PERMITS`].
    pub concurrency: usize,
    /// How many more requests the broker may send to this server before they can be taken. Further requests stay in the
    /// broker, for any server with room.
    pub prefetch: u16,
    /// The size of the largest request that the server reads, in bytes. A driver need not read a larger request: it can
    /// pass [`Incoming::too_large`](super::Incoming::too_large) instead.
    pub max_request_size: usize,
}

impl ListenTerms {
    /// Terms for one server. It reads requests of up to [`DEFAULT_MAX_MESSAGE_SIZE`].
    #[must_use]
    pub fn new(concurrency: usize, prefetch: u16) -> Self {
        Self {
            concurrency: concurrency.min(Semaphore::MAX_PERMITS),
            prefetch,
            max_request_size: DEFAULT_MAX_MESSAGE_SIZE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_is_configured_by_a_number_or_a_word() {
        for (text, retry) in [
            ("0", Retry::Times(0)),
            ("5", Retry::Times(5)),
            ("\"forever\"", Retry::Forever),
        ] {
            assert_eq!(serde_json::from_str::<Retry>(text).unwrap(), retry);
            assert_eq!(serde_json::to_string(&retry).unwrap(), text);
        }
        assert_eq!(serde_json::from_str::<Retry>("-1").unwrap(), Retry::Forever);
        for text in ["-2", "\"never\"", "4294967296"] {
            let error = serde_json::from_str::<Retry>(text).unwrap_err();
            assert!(error.to_string().contains("0 or more"), "{error}");
        }
    }
}
