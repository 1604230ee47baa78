//! What one message has gone through so far: how often it was tried, and what it waits for now.
//!
//! Both are for the error that a caller gets in the end. Plain values, no I/O; the message's caller owns
//! them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use crate::error::Stage;
use crate::{Error, Result, Retry, Target};

/// The tries of one message.
#[derive(Debug)]
pub(super) struct Attempts<'a> {
    target: &'a Target,
    retry: Retry,
    made: u32,
    maybe_delivered: bool,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(target: &'a Target, retry: Retry) -> Self {
        Self {
            target,
            retry,
            made: 0,
            maybe_delivered: false,
        }
    }

    pub(super) fn target(&self) -> &'a Target {
        self.target
    }

    /// Counts a failure; an error when it was the last that is allowed.
    pub(super) fn failed(&mut self, why: &Arc<str>, maybe_delivered: bool) -> Result<()> {
        self.made = self.made.saturating_add(1);
        self.maybe_delivered |= maybe_delivered;
        match self.retry {
            Retry::Times(times) if self.made > times => Err(Error::delivery(
                self.target,
                self.made,
                why.clone(),
                self.maybe_delivered,
            )),
            Retry::Times(_) | Retry::Forever => Ok(()),
        }
    }

    /// Waits before the next try on a connection that stands: the second one comes at once.
    pub(super) async fn pause(&self) {
        if self.made > 1 {
            sleep(Duration::from_secs(1)).await;
        }
    }
}

/// What a call waits for.
#[derive(Debug, Clone)]
pub(super) struct Progress(Arc<Mutex<Reached>>);

#[derive(Debug)]
struct Reached {
    stage: Stage,
    /// An earlier try may have come through.
    maybe_delivered: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Reached {
            stage: Stage::Connection(None),
            maybe_delivered: false,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Reached> {
        // No section can stop half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, stage: Stage) {
        self.lock().stage = stage;
    }

    pub(super) fn maybe_delivered(&self) {
        self.lock().maybe_delivered = true;
    }

    /// What to report. A stage that promises that nothing was sent is no longer true after a try
    /// whose confirm was lost.
    pub(super) fn stage(&self) -> Stage {
        let reached = self.lock();
        match &reached.stage {
            Stage::Connection(_) | Stage::Unblocking(_) if reached.maybe_delivered => {
                Stage::Confirmation
            }
            stage => stage.clone(),
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
    }

    #[test]
    fn a_lost_confirm_is_not_forgotten() {
        let progress = Progress::new();
        assert_eq!(progress.stage(), Stage::Connection(None));
        progress.maybe_delivered();
        progress.set(Stage::Connection(Some("cut".into())));
        assert_eq!(progress.stage(), Stage::Confirmation);
        progress.set(Stage::Reply);
        assert_eq!(progress.stage(), Stage::Reply);
    }
}
