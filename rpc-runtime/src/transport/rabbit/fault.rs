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

/// The name under which brokers speak of such queues.
const TRANSIENT_QUEUES: &str = "transient_nonexcl_queues";

impl Fault {
    pub(super) fn lost(why: impl Into<Arc<str>>) -> Self {
        Self::Lost(why.into())
    }

    /// Sorts the end of a link: one kind of queue makes the broker close the whole connection, again and
    /// again.
    pub(super) fn ended(why: Arc<str>) -> Self {
        if why.contains(TRANSIENT_QUEUES) {
            Self::Refused(format!("{why}; {NO_TRANSIENT_QUEUES}").into())
        } else {
            Self::Lost(why)
        }
    }

    /// Sorts one of lapin's errors.
    pub(super) fn of(error: &lapin::Error) -> Self {
        let code = match error.kind() {
            ErrorKind::ProtocolError(error) => error.get_id(),
            _ => 0,
        };
        Self::coded(code, explain(error))
    }

    /// Sorts what the broker says when it closes a channel or a connection.
    pub(super) fn coded(code: u16, why: impl Into<Arc<str>>) -> Self {
        let why = why.into();
        match code {
            404 => Self::Missing(why),
            403 | 406 | 530 => Self::Refused(why),
            _ => Self::ended(why),
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

#[cfg(test)]
mod tests {
    use lapin::protocol::{AMQPError, AMQPHardError, AMQPSoftError};

    use super::*;

    fn fault(error: AMQPError) -> Fault {
        Fault::of(&ErrorKind::ProtocolError(error).into())
    }

    #[test]
    fn refusals_are_told_from_losses() {
        let text = "PRECONDITION_FAILED - inequivalent arg 'durable' for exchange 'x'";
        let refused = fault(AMQPError::new(
            AMQPSoftError::PRECONDITIONFAILED.into(),
            text.into(),
        ));
        assert!(refused.is_durability() && refused.refusal("x").is_some());
        let missing = fault(AMQPError::new(
            AMQPSoftError::NOTFOUND.into(),
            "NOT_FOUND".into(),
        ));
        assert!(matches!(missing, Fault::Missing(_)) && missing.refusal("x").is_none());
        let forced = fault(AMQPError::new(
            AMQPHardError::CONNECTIONFORCED.into(),
            "bye".into(),
        ));
        assert!(matches!(forced, Fault::Lost(_)));
    }

    #[test]
    fn a_broker_without_transient_queues_says_what_to_set() {
        let text = "INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated.";
        let error = AMQPError::new(AMQPHardError::INTERNALERROR.into(), text.into());
        for fault in [fault(error), Fault::ended(text.into())] {
            let error = fault.refusal("the queues of a server").unwrap().to_string();
            assert!(
                error.contains("rabbit_transient_quorum_queue=true"),
                "{error}"
            );
        }
    }
}
