//! What can go wrong on a connection, sorted by what to do next: try again, declare anew, or give up.
//!
//! lapin's errors end here: the rest of the driver knows three cases and a text. No text holds a
//! password or a message's content.

use std::sync::Arc;

use lapin::ErrorKind;

use crate::Error;

/// Why something could not be done on a link.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// The link or the channel is gone: another one may do.
    Lost(Arc<str>),
    /// An exchange or a queue is not there (any more).
    Missing(Arc<str>),
    /// The broker refuses, and would again.
    Refused(Arc<str>),
}

/// From 4.3 on, the broker closes the connection over a queue that is neither durable nor exclusive.
const NO_TRANSIENT_QUEUES: &str = "this broker (RabbitMQ 4.3 or later) denies transient queues: set \
    `rabbit_transient_quorum_queue=true` and `rabbit_quorum_queue=true` (or `amqp_durable_queues=true`) \
    here and in all peers, or `deprecated_features.permit.transient_nonexcl_queues = true` in the broker";

impl Fault {
    pub(super) fn lost(why: impl Into<Arc<str>>) -> Self {
        Self::Lost(why.into())
    }

    /// Sorts one of lapin's errors.
    pub(super) fn of(error: &lapin::Error) -> Self {
        let why = explain(error);
        let code = match error.kind() {
            ErrorKind::ProtocolError(error) => error.get_id(),
            _ => 0,
        };
        match code {
            404 => Self::Missing(why.into()),
            403 | 406 | 530 => Self::Refused(why.into()),
            541 if why.contains("transient_nonexcl_queues") => {
                Self::Refused(format!("{why}; {NO_TRANSIENT_QUEUES}").into())
            }
            _ => Self::Lost(why.into()),
        }
    }

    pub(super) fn why(&self) -> &Arc<str> {
        match self {
            Self::Lost(why) | Self::Missing(why) | Self::Refused(why) => why,
        }
    }

    /// Whether something is declared as durable there and as transient here, or the other way round.
    pub(super) fn is_durability(&self) -> bool {
        matches!(self, Self::Refused(why) if why.contains("inequivalent arg 'durable'"))
    }

    /// The error for a caller, if trying again is of no use.
    pub(super) fn refusal(&self, what: &str) -> Option<Error> {
        match self {
            Self::Refused(why) => Some(Error::refused(what, why.clone())),
            Self::Lost(_) | Self::Missing(_) => None,
        }
    }
}

/// lapin's error in words.
pub(super) fn explain(error: &lapin::Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(error) => error.get_message().to_string(),
        ErrorKind::IOError(error) => match error.kind() {
            std::io::ErrorKind::ConnectionAborted | std::io::ErrorKind::UnexpectedEof => {
                "the connection was cut".into()
            }
            _ => error.to_string(),
        },
        ErrorKind::MissingHeartbeatError => "the broker's heartbeats stopped".into(),
        _ => error.to_string(),
    }
}
