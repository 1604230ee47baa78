//! Counts the attempts of one message, and makes the error when no attempt is left.
//!
//! Plain state, which the future of the message's sender owns. It decides whether to retry; it never publishes or
//! connects.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::super::backoff::Backoff;
use crate::metrics::{self, Unpublished};
use crate::{Error, Result, Retry, Target};

/// The pause before the third attempt and each later one, on a connection that is up.
const PAUSE: Duration = Duration::from_secs(1);

/// The attempts of one message.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    target: &'a Target,
    retry: Retry,
    /// How many attempts have failed.
    failures: u32,
    /// Whether a failed attempt may have delivered the message.
    maybe_delivered: bool,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(target: &'a Target, retry: Retry) -> Self {
        Self {
            target,
            retry,
            failures: 0,
            maybe_delivered: false,
        }
    }

    pub(crate) fn target(&self) -> &'a Target {
        self.target
    }

    /// Counts a failed attempt. Returns the final error if no attempt is left.
    pub(crate) fn failed(&mut self, why: &Arc<str>, maybe_delivered: bool) -> Result<()> {
        if self.count(maybe_delivered) {
            return Ok(());
        }
        metrics::publish_failed(Unpublished::GivenUp);
        Err(self.error(why))
    }

    /// Counts a failed attempt. Returns whether another one is allowed.
    fn count(&mut self, maybe_delivered: bool) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.maybe_delivered |= maybe_delivered;
        match self.retry {
            Retry::Times(times) => self.failures <= times,
            Retry::Forever => true,
        }
    }

    /// Counts a refusal to declare `what`, which the message needs. Returns the final error if no attempt is left.
    pub(crate) fn declaration_refused(&mut self, what: &str, why: &Arc<str>) -> Result<()> {
        if self.count(false) {
            return Ok(());
        }
        metrics::publish_failed(Unpublished::GivenUp);
        Err(if self.maybe_delivered {
            self.error(why)
        } else {
            Error::new_refused(what, why.clone())
        })
    }

    /// Whether the caller allows no retry, and so wants an answer at once.
    pub(crate) fn is_urgent(&self) -> bool {
        self.retry == Retry::Times(0)
    }

    /// Counts a failed attempt that may have delivered the message, and returns the final error.
    pub(crate) fn give_up(&mut self, why: &Arc<str>) -> Error {
        self.count(true);
        metrics::publish_failed(Unpublished::GivenUp);
        self.error(why)
    }

    /// The final error of a message that the broker refuses. `error` applies only if no earlier attempt may have
    /// delivered the message.
    pub(crate) fn refused(&mut self, error: Error, why: &Arc<str>) -> Error {
        if self.maybe_delivered {
            self.give_up(why)
        } else {
            error
        }
    }

    /// The final error of a message for which there is no queue.
    pub(crate) fn unserved(&self) -> Error {
        if self.maybe_delivered {
            self.error(&"its queue no longer exists".into())
        } else {
            Error::new_undeliverable(self.target)
        }
    }

    /// The final error of a message that a queue rejects.
    pub(crate) fn rejected(&self) -> Error {
        if self.maybe_delivered {
            self.error(&"its queue rejected it, since the queue is full or failing".into())
        } else {
            Error::new_rejected(self.target)
        }
    }

    fn error(&self, why: &Arc<str>) -> Error {
        Error::new_delivery(
            self.target,
            self.failures,
            why.clone(),
            self.maybe_delivered,
        )
    }

    /// Waits after a refusal to declare what the message needs. The broker will most likely refuse again.
    pub(crate) async fn pause_after_refusal(&self, backoff: &Backoff) {
        sleep(backoff.pause_after_refusal(self.failures).most).await;
    }

    /// Waits before the next attempt on a connection that is up. The second attempt comes at once.
    pub(crate) async fn pause(&self) {
        if self.failures > 1 {
            // Without a pause, a fault that comes at once would lead to a busy loop.
            sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_allowed_failure_is_the_error() {
        let target = Target::new("t");
        let mut attempts = Attempts::new(&target, Retry::Times(2));
        assert!(attempts.failed(&"a".into(), true).is_ok());
        assert!(attempts.failed(&"b".into(), false).is_ok());
        let error = attempts.failed(&"c".into(), false).unwrap_err();
        assert!(
            error.may_have_run(),
            "one of the attempts may have been delivered"
        );
        assert!(error.to_string().contains("3 attempts: c"), "{error}");
        let mut attempts = Attempts::new(&target, Retry::Forever);
        for _ in 0..100 {
            attempts.failed(&"x".into(), false).unwrap();
        }
        assert!(!attempts.unserved().may_have_run());
        let refused =
            |attempts: &mut Attempts<'_>| attempts.refused(Error::new_closed(), &"z".into());
        assert!(matches!(refused(&mut attempts), Error::Closed { .. }));
        attempts
            .declaration_refused("the exchange `e`", &"w".into())
            .unwrap();
        let error = attempts.give_up(&"y".into());
        assert!(error.may_have_run(), "{error}");
        assert!(attempts.unserved().may_have_run());
        assert!(refused(&mut attempts).may_have_run());
    }

    #[test]
    fn a_refused_declaration_counts_once() {
        let target = Target::new("t");
        let mut attempts = Attempts::new(&target, Retry::Times(1));
        attempts
            .failed(&"the confirm was lost".into(), true)
            .unwrap();
        let refused = attempts.declaration_refused("the exchange `e`", &"no access".into());
        let error = refused.unwrap_err();
        assert!(error.may_have_run(), "{error}");
        assert!(
            error.to_string().contains("2 attempts: no access"),
            "{error}"
        );
        let mut attempts = Attempts::new(&target, Retry::Times(0));
        let refused = attempts.declaration_refused("the exchange `e`", &"no access".into());
        assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    }
}
