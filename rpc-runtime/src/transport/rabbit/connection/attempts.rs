//! How often one message was tried, for the error that its caller gets in the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::super::backoff::Backoff;
use crate::metrics::{self, Unpublished};
use crate::{Error, Result, Retry, Target};

/// The wait before a try after the second.
const PAUSE: Duration = Duration::from_secs(1);

/// The tries of one message.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    target: &'a Target,
    retry: Retry,
    made: u32,
    maybe_delivered: bool,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(target: &'a Target, retry: Retry) -> Self {
        Self {
            target,
            retry,
            made: 0,
            maybe_delivered: false,
        }
    }

    pub(crate) fn target(&self) -> &'a Target {
        self.target
    }

    /// Counts a failure; an error when it was the last that is allowed.
    pub(crate) fn failed(&mut self, why: &Arc<str>, maybe_delivered: bool) -> Result<()> {
        self.made = self.made.saturating_add(1);
        self.maybe_delivered |= maybe_delivered;
        match self.retry {
            Retry::Times(times) if self.made > times => Err(self.error(why)),
            Retry::Times(_) | Retry::Forever => Ok(()),
        }
    }

    /// Counts a refusal of what the message needs; its error when it was the last that is allowed.
    pub(crate) fn declaration_refused(&mut self, what: &str, why: &Arc<str>) -> Result<()> {
        let failed = self.failed(why, false);
        failed.map_err(|_| self.refused(Error::refused(what, why.clone()), why))
    }

    /// Whether its caller asks for an answer at once.
    pub(crate) fn is_urgent(&self) -> bool {
        self.retry == Retry::Times(0)
    }

    /// Counts a failure after which the message must not be tried again.
    pub(crate) fn last(&mut self, why: &Arc<str>) -> Error {
        self.made = self.made.saturating_add(1);
        self.maybe_delivered = true;
        self.error(why)
    }

    /// The error of a message that the broker refuses.
    pub(crate) fn refused(&mut self, error: Error, why: &Arc<str>) -> Error {
        if self.maybe_delivered {
            self.last(why)
        } else {
            error
        }
    }

    /// The error of a message for which there is no queue.
    pub(crate) fn unserved(&self) -> Error {
        if self.maybe_delivered {
            self.error(&"there is no queue for it any more".into())
        } else {
            Error::undeliverable(self.target)
        }
    }

    /// The error of a message that a queue rejects.
    pub(crate) fn rejected(&self) -> Error {
        if self.maybe_delivered {
            self.error(&"its queue rejects it, being full or failing".into())
        } else {
            Error::rejected(self.target)
        }
    }

    fn error(&self, why: &Arc<str>) -> Error {
        metrics::publish_failed(Unpublished::GivenUp);
        Error::delivery(self.target, self.made, why.clone(), self.maybe_delivered)
    }

    /// Waits after a refusal of what the message needs, which will most likely be repeated.
    pub(crate) async fn pause_after_refusal(&self, backoff: &Backoff) {
        sleep(backoff.pause_after_refusal(self.made).most).await;
    }

    /// Waits before the next try on a connection that stands: the second one comes at once.
    pub(crate) async fn pause(&self) {
        if self.made > 1 {
            // What the broker refuses at once must not be asked without a pause.
            sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_failure_allowed_is_the_error() {
        let target = Target::new("t");
        let mut attempts = Attempts::new(&target, Retry::Times(2));
        assert!(attempts.failed(&"a".into(), true).is_ok());
        assert!(attempts.failed(&"b".into(), false).is_ok());
        let error = attempts.failed(&"c".into(), false).unwrap_err();
        assert!(error.may_have_run(), "one of them may have come through");
        assert!(error.to_string().contains("3 attempts: c"), "{error}");
        let mut attempts = Attempts::new(&target, Retry::Forever);
        for _ in 0..100 {
            attempts.failed(&"x".into(), false).unwrap();
        }
        assert!(!attempts.unserved().may_have_run());
        let refused = |attempts: &mut Attempts<'_>| attempts.refused(Error::closed(), &"z".into());
        assert!(matches!(refused(&mut attempts), Error::Closed { .. }));
        let error = attempts.last(&"y".into());
        assert!(error.may_have_run(), "{error}");
        assert!(attempts.unserved().may_have_run());
        assert!(refused(&mut attempts).may_have_run());
    }
}
