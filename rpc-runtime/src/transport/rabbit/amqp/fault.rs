//! The faults of a connection, classified by what to do next: try again, declare again, or give up.
//!
//! lapin's errors must not leave [`amqp`](super): the rest of the driver only knows three cases and a text. No text may
//! contain a password or a message's content. Plain values.

use std::io;
use std::sync::Arc;

use lapin::ErrorKind;

use crate::Error;

/// Why a connection has ended, or why the broker accepts no messages.
pub(super) type Reason = Arc<str>;

/// Why an operation on a connection failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection or the channel has ended. The operation may succeed on another one.
    Lost(Arc<str>),
    /// An exchange or a queue does not exist (any more).
    Missing(Arc<str>),
    /// The broker refuses the operation, and would refuse it again.
    Refused(Arc<str>),
}

/// The advice for a broker that denies transient queues, as RabbitMQ 4.3.0 does by default: it closes the connection if a
/// queue is declared that is neither durable nor exclusive.
const NO_TRANSIENT_QUEUES: &str = "this broker denies transient queues: set \
    `rabbit_transient_quorum_queue=true` and `rabbit_quorum_queue=true` (or `amqp_durable_queues=true`) \
    here and in all peers, or `deprecated_features.permit.transient_nonexcl_queues = true` in the broker";

/// The name of the feature in the broker's reason.
const TRANSIENT_QUEUES: &str = "transient_nonexcl_queues";

/// What the broker says of a stream that cannot be consumed on this node. Most often its replica is about to start: a
/// stream is declared before it runs.
const NO_REPLICA: &str = "replica on the local node";

impl Fault {
    pub(crate) fn lost(why: impl Into<Arc<str>>) -> Self {
        Self::Lost(why.into())
    }

    /// The fault for the end of a connection. It is a refusal if the broker closed the connection because of a
    /// transient queue, which it would do again.
    pub(crate) fn ended(why: Arc<str>) -> Self {
        if why.contains(TRANSIENT_QUEUES) {
            Self::Refused(format!("{why}; {NO_TRANSIENT_QUEUES}").into())
        } else {
            Self::Lost(why)
        }
    }

    /// The fault for a channel that the broker closed with this code and this text.
    pub(crate) fn coded(code: u16, why: impl Into<Arc<str>>) -> Self {
        let why = why.into();
        match code {
            406 if why.contains(NO_REPLICA) => Self::Lost(why),
            404 => Self::Missing(why),
            403 | 406 | 530 => Self::Refused(why),
            _ => Self::ended(why),
        }
    }

    /// Whether the broker could not check a permission, as the text of a closed channel says: the user's token has
    /// expired, or the broker's own backend fails. Only a new connection has new credentials.
    pub(crate) fn is_unchecked_permission(code: u16, why: &str) -> bool {
        code == 403 && why.contains(", backend ")
    }

    /// The fault of a message that was not sent, since the broker would refuse its size.
    pub(crate) fn too_large(size: usize, limit: usize) -> Self {
        let why = format!("message size {size} is larger than the broker's max size {limit}");
        Self::Refused(why.into())
    }

    /// The size and the limit, if the broker refused a message because of its size.
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

    /// Whether the exchange or queue exists with another durability than declared.
    pub(crate) fn is_durability(&self) -> bool {
        matches!(self, Self::Refused(why) if why.contains("inequivalent arg 'durable'"))
    }

    /// Whether the user may not publish to one topic of an exchange. Other topics may be allowed.
    pub(crate) fn is_about_topic(&self) -> bool {
        matches!(self, Self::Refused(why) if why.contains("access to topic"))
    }

    /// Whether the broker refuses the operation, and would refuse it again.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// The error for a caller, if a retry is useless. `what` names the refused object.
    pub(crate) fn refusal(&self, what: &str) -> Option<Error> {
        match self {
            Self::Refused(why) => Some(Error::new_refused(what, why.clone())),
            Self::Lost(_) | Self::Missing(_) => None,
        }
    }
}

/// The sizes in the broker's refusal of a message that is too large.
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
        let (_, size) = why.split_once("message size ")?;
        let (_, limit) = why.split_once("max size ")?;
        Some(Self {
            size: first_number(size)?,
            limit: first_number(limit)?,
        })
    }
}

fn first_number(text: &str) -> Option<usize> {
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    text[..end.unwrap_or(text.len())].parse().ok()
}

/// The text for an error of lapin's.
pub(super) fn explain(error: &lapin::Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(error) => error.get_message().to_string(),
        ErrorKind::IOError(error) => explain_io(error),
        // The parser's own text is about its grammar.
        ErrorKind::ParsingError(_) => "the broker sent data that is not AMQP".into(),
        ErrorKind::MissingHeartbeatError => "the broker's heartbeats stopped".into(),
        _ => error.to_string(),
    }
}

/// The text for an error of the socket.
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

/// If an error is due to a limit of this process or machine: which one, and what to do.
pub(crate) fn own_limit(error: &io::Error) -> Option<&'static str> {
    const EAGAIN: i32 = 11;
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    // 35 is EAGAIN on macOS and the BSDs.
    match error.raw_os_error()? {
        EAGAIN | 35 => Some(
            "this process may start no more threads; raise its limits (`ulimit -u`, or `pids` of its container), or \
             run fewer threads",
        ),
        EMFILE => Some(
            "this process may open no more files; raise its limit (`ulimit -n`), or open fewer files",
        ),
        ENFILE => Some("this machine may open no more files; raise `fs.file-max`"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_refused_missing_or_lost() {
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
    fn an_expired_token_is_no_decision_about_a_permission() {
        let refused = "ACCESS_REFUSED - access to exchange 'x' in vhost '/' refused for user 'u'";
        let expired = format!(
            "{refused}, backend rabbit_auth_backend_oauth2 returned an error: Provided JWT token has expired"
        );
        assert!(Fault::is_unchecked_permission(403, &expired));
        assert!(!Fault::is_unchecked_permission(403, refused));
        assert!(!Fault::is_unchecked_permission(406, &expired));
    }

    #[test]
    fn a_stream_that_does_not_run_yet_is_tried_again() {
        for text in [
            "PRECONDITION_FAILED - stream queue 'x_fanout' in vhost '/' does not have a running replica on the local node",
            "PRECONDITION_FAILED - queue 'x_fanout' in vhost '/' does not a have a replica on the local node",
        ] {
            assert_eq!(Fault::coded(406, text), Fault::lost(text));
        }
    }

    #[test]
    fn the_refusal_of_transient_queues_names_the_options_to_set() {
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
