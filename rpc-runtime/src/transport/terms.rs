//! What is asked of a driver with one message, or by one server.

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How large a message may be, in bytes, that a client or a server reads unless told otherwise: what
/// RabbitMQ lets through before 4.0.
pub const DEFAULT_MAX_MESSAGE_SIZE: usize = 128 * 1024 * 1024;

/// How long a cast waits for a missing queue, unless it is told otherwise with
/// [`CallOptions::queue_wait`](crate::CallOptions::queue_wait).
pub const DEFAULT_QUEUE_WAIT: Duration = Duration::from_secs(60);

/// How often to try again when a message cannot be handed to the transport.
///
/// One try is one attempt to reach a broker: to connect, or to publish over a connection that breaks.
///
/// A configuration has it as a number, or as `forever`; -1 is `forever`, too, as in oslo.messaging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(try_from = "WrittenRetry")]
pub enum Retry {
    /// Until it succeeds; a call still ends at its timeout. oslo.messaging's `None` or `-1`.
    #[default]
    Forever,
    /// Once, and then so many times more; then a delivery failure. 0 tries once.
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

/// [`Retry::Forever`], as a word.
const FOREVER: &str = "forever";

/// A [`Retry`] as a configuration has it.
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
        let refuse = || format!("write how often to try again, from 0 on, or `{FOREVER}`");
        number.map(Self::Times).ok_or_else(refuse)
    }
}

/// How a message is to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendTerms {
    /// How often to try again.
    pub retry: Retry,
    /// Whether it is an error that no queue takes the message. Never so for a fanout.
    pub mandatory: bool,
    /// How long a mandatory message waits for a queue where there is none; a call, not beyond its
    /// deadline.
    pub queue_wait: Duration,
    /// Whether to send again what may have come through.
    pub resend: bool,
}

impl SendTerms {
    /// Terms for one message, which waits for its queue for [`DEFAULT_QUEUE_WAIT`] and is not sent again
    /// once it may have come through.
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

/// How a call is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallTerms {
    /// How the request is to be handed over.
    pub send: SendTerms,
    /// The time given to the call in all: for messages to people, and for the request's expiry.
    pub timeout: Duration,
    /// When that time is over.
    pub deadline: Instant,
    /// The longest silence of the server while the method runs.
    pub monitor: Option<Duration>,
    /// The size of the largest reply that the caller accepts, in bytes. A driver need not read a larger one:
    /// [`Reply::too_large`](crate::wire::Reply::too_large) stands for it.
    pub max_reply_size: usize,
}

impl CallTerms {
    /// Terms for one call whose time begins now. It accepts replies of up to [`DEFAULT_MAX_MESSAGE_SIZE`].
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

    /// Lets the call's time begin.
    pub(crate) fn begin(&mut self, now: Instant) {
        // A timeout beyond the clock's range is a matter of decades: no practical limit.
        let century = Duration::from_secs(100 * 365 * 24 * 3600);
        let deadline = now.checked_add(self.timeout);
        self.deadline = deadline.unwrap_or_else(|| now + century);
    }
}

/// How a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenTerms {
    /// How many requests may be taken and not yet done with: a request is done with when its [`Responder`](super::Responder) is
    /// dropped. [`Semaphore::MAX_PERMITS`] at most.
    pub concurrency: usize,
    /// How many more may be with this server, or on their way to it, and not taken: they wait until they
    /// may be. What is beyond waits in the broker, for whichever server has room.
    pub prefetch: u16,
    /// The size of the largest request that the server reads, in bytes. A driver need not read a larger one:
    /// [`Incoming::too_large`](super::Incoming::too_large) stands for it.
    pub max_request_size: usize,
}

impl ListenTerms {
    /// Terms for one server, which reads requests of up to [`DEFAULT_MAX_MESSAGE_SIZE`].
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
    fn a_configuration_has_a_retry_as_a_number_or_a_word() {
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
            assert!(error.to_string().contains("from 0 on"), "{error}");
        }
    }
}
