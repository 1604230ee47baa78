//! What can go wrong on a connection, sorted by what to do next: try again, declare anew, or give up.
//!
//! lapin's errors end here: the rest of the driver knows three cases and a text. No text holds a password or a
//! message's content.

use std::io;
use std::sync::Arc;

use lapin::ErrorKind;

use crate::Error;

/// Why a connection has ended, or why the broker accepts no messages.
pub(super) type Reason = Arc<str>;

/// Why something could not be done on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection or the channel is gone: another one may do.
    Lost(Arc<str>),
    /// An exchange or a queue is not there (any more).
    Missing(Arc<str>),
    /// The broker refuses, and would again.
    Refused(Arc<str>),
}

/// Where it is told to, the broker closes the connection over a queue that is neither durable nor exclusive.
const NO_TRANSIENT_QUEUES: &str = "this broker denies transient queues: set \
    `rabbit_transient_quorum_queue=true` and `rabbit_quorum_queue=true` (or `amqp_durable_queues=true`) \
    here and in all peers, or `deprecated_features.permit.transient_nonexcl_queues = true` in the broker";

/// The name under which brokers speak of such queues.
const TRANSIENT_QUEUES: &str = "transient_nonexcl_queues";

impl Fault {
    pub(crate) fn lost(why: impl Into<Arc<str>>) -> Self {
        Self::Lost(why.into())
    }

    /// Sorts the end of a connection: one kind of queue makes the broker close the whole connection, again and
    /// again.
    pub(crate) fn ended(why: Arc<str>) -> Self {
        if why.contains(TRANSIENT_QUEUES) {
            Self::Refused(format!("{why}; {NO_TRANSIENT_QUEUES}").into())
        } else {
            Self::Lost(why)
        }
    }

    /// Sorts what the broker says when it closes a channel.
    pub(crate) fn coded(code: u16, why: impl Into<Arc<str>>) -> Self {
        let why = why.into();
        match code {
            404 => Self::Missing(why),
            403 | 406 | 530 => Self::Refused(why),
            _ => Self::ended(why),
        }
    }

    /// The fault of a message that is not sent, since the broker would refuse its size.
    pub(crate) fn too_large(size: usize, limit: usize) -> Self {
        let why = format!("message size {size} is larger than the broker's max size {limit}");
        Self::Refused(why.into())
    }

    /// The size of the message that the broker refused because it is too large, and the limit; in bytes.
    pub(crate) fn size_limit(&self) -> Option<SizeLimit> {
        match self {
            Self::Refused(why) => SizeLimit::of(why),
            Self::Lost(_) | Self::Missing(_) => None,
        }
    }

    pub(crate) fn why(&self) -> &Arc<str> {
        match self {
            Self::Lost(why) | Self::Missing(why) | Self::Refused(why) => why,
        }
    }

    /// Whether something is declared as durable there and as transient here, or the other way round.
    pub(crate) fn is_durability(&self) -> bool {
        matches!(self, Self::Refused(why) if why.contains("inequivalent arg 'durable'"))
    }

    /// Whether the broker denies one topic of an exchange, and not the exchange.
    pub(crate) fn is_about_topic(&self) -> bool {
        matches!(self, Self::Refused(why) if why.contains("access to topic"))
    }

    /// Whether the broker refuses, and would again.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// The error for a caller, if trying again is of no use.
    pub(crate) fn refusal(&self, what: &str) -> Option<Error> {
        match self {
            Self::Refused(why) => Some(Error::refused(what, why.clone())),
            Self::Lost(_) | Self::Missing(_) => None,
        }
    }
}

/// What the broker says of a message that is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SizeLimit {
    /// The size of the message's body, in bytes.
    pub(crate) size: usize,
    /// The broker's `max_message_size`, in bytes.
    pub(crate) limit: usize,
}

impl SizeLimit {
    /// Reads "message size 600000 is larger than configured max size 524288".
    fn of(why: &str) -> Option<Self> {
        let (_, behind) = why.split_once("message size ")?;
        let (_, limit) = why.split_once("max size ")?;
        Some(Self {
            size: first_number(behind)?,
            limit: first_number(limit)?,
        })
    }
}

fn first_number(text: &str) -> Option<usize> {
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    text[..end.unwrap_or(text.len())].parse().ok()
}

/// lapin's error in words.
pub(super) fn explain(error: &lapin::Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(error) => error.get_message().to_string(),
        ErrorKind::IOError(error) => explain_io(error),
        // The parser's own words are about its rules.
        ErrorKind::ParsingError(_) => "the broker sent what is not AMQP".into(),
        ErrorKind::MissingHeartbeatError => "the broker's heartbeats stopped".into(),
        _ => error.to_string(),
    }
}

/// An error of the socket in words.
pub(super) fn explain_io(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::UnexpectedEof => "the connection was cut".into(),
        _ => match own_limit(error) {
            Some(limit) => format!("{error}: {limit}"),
            None => error.to_string(),
        },
    }
}

/// Which limit of this process it is that an error tells of, and what to raise.
pub(crate) fn own_limit(error: &io::Error) -> Option<&'static str> {
    const EAGAIN: i32 = 11;
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    // macOS and the BSDs have another number.
    match error.raw_os_error()? {
        EAGAIN | 35 => Some(
            "this process may start no more threads; raise its limits (`ulimit -u`, or `pids` of its container), or \
             run fewer",
        ),
        EMFILE => Some(
            "this process may open no more files; raise its limit (`ulimit -n`), or open fewer",
        ),
        ENFILE => Some("this machine may open no more files; raise `fs.file-max`"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_from_losses() {
        let text = "PRECONDITION_FAILED - inequivalent arg 'durable' for exchange 'x'";
        let refused = Fault::coded(406, text);
        assert!(refused.is_durability() && refused.refusal("x").is_some());
        let missing = Fault::coded(404, "NOT_FOUND");
        assert!(matches!(missing, Fault::Missing(_)) && missing.refusal("x").is_none());
        assert!(matches!(
            Fault::coded(320, "CONNECTION_FORCED"),
            Fault::Lost(_)
        ));
    }

    #[test]
    fn a_broker_without_transient_queues_says_what_to_set() {
        let text = "INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated.";
        for fault in [Fault::coded(541, text), Fault::ended(text.into())] {
            let error = fault.refusal("the queues of a server").unwrap().to_string();
            assert!(
                error.contains("rabbit_transient_quorum_queue=true"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_message_that_is_too_large_names_the_limit() {
        let text =
            "PRECONDITION_FAILED - message size 600000 is larger than configured max size 524288";
        let limit = SizeLimit {
            size: 600_000,
            limit: 524_288,
        };
        assert_eq!(Fault::coded(406, text).size_limit(), Some(limit));
        assert_eq!(Fault::too_large(600_000, 524_288).size_limit(), Some(limit));
        for other in ["message size", "message size x max size y", "max size 7"] {
            assert_eq!(Fault::coded(406, other).size_limit(), None);
        }
        assert_eq!(Fault::coded(0, text).size_limit(), None);
    }
}
