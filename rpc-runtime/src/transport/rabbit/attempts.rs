//! What one message has gone through so far: how often it was tried, and what it waits for now.
//!
//! Both are for the error that a caller gets in the end. Plain values, no I/O; the message's caller owns
//! them.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::error::Stage;
use crate::mutex::lock;
use crate::{Error, Result, Retry, Target};

/// The first wait for a missing queue, and the longest.
const QUEUE_POLLS: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(500)];

/// The wait before a try after the second.
const PAUSE: Duration = Duration::from_secs(1);

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
            Retry::Times(times) if self.made > times => Err(self.error(why)),
            Retry::Times(_) | Retry::Forever => Ok(()),
        }
    }

    /// Counts a failure after which the message must not be tried again.
    pub(super) fn last(&mut self, why: &Arc<str>) -> Error {
        self.made = self.made.saturating_add(1);
        self.maybe_delivered = true;
        self.error(why)
    }

    /// The error of a message that the broker refuses.
    pub(super) fn refused(&mut self, error: Error, why: &Arc<str>) -> Error {
        if self.maybe_delivered {
            self.last(why)
        } else {
            error
        }
    }

    /// The error of a message for which there is no queue.
    pub(super) fn unserved(&self) -> Error {
        if self.maybe_delivered {
            self.error(&"there is no queue for it any more".into())
        } else {
            Error::undeliverable(self.target)
        }
    }

    fn error(&self, why: &Arc<str>) -> Error {
        Error::delivery(self.target, self.made, why.clone(), self.maybe_delivered)
    }

    /// Waits before the next try on a connection that stands: the second one comes at once.
    pub(super) async fn pause(&self) {
        if self.made > 1 {
            // What the broker refuses at once must not be asked without a pause.
            sleep(PAUSE).await;
        }
    }
}

/// The wait of one message for its queue: short at first, as servers declare it anew at once.
#[derive(Debug)]
pub(super) struct QueueWait {
    limit: Option<Instant>,
    next: Duration,
}

impl QueueWait {
    /// Begins now, for `time`.
    pub(super) fn new(time: Duration) -> Self {
        Self {
            // What the clock cannot count is no limit.
            limit: Instant::now().checked_add(time),
            next: QUEUE_POLLS[0],
        }
    }

    /// Waits until it is time to try again; false when the time is over.
    pub(super) async fn again(&mut self) -> bool {
        let next = Instant::now() + self.next;
        self.next = (self.next * 2).min(QUEUE_POLLS[1]);
        match self.limit {
            Some(limit) if limit <= next => {
                sleep_until(limit).await;
                false
            }
            Some(_) | None => {
                sleep_until(next).await;
                true
            }
        }
    }
}

/// What a call waits for.
#[derive(Debug)]
pub(super) struct Progress(Mutex<Reached>);

#[derive(Debug)]
struct Reached {
    stage: Stage,
    /// The last try came back, and the next one has not begun.
    unserved: bool,
    /// Why an earlier try was lost that may have come through.
    lost: Option<Arc<str>>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Reached {
            stage: Stage::Connection(None),
            unserved: false,
            lost: None,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Reached> {
        lock(&self.0)
    }

    pub(super) fn set(&self, stage: Stage) {
        let mut reached = self.lock();
        reached.stage = stage;
        reached.unserved = false;
    }

    /// There was no queue for the last try: it certainly was not delivered.
    pub(super) fn unserved(&self) {
        self.lock().unserved = true;
    }

    /// The last try may have come through, but for `why` nobody can tell.
    pub(super) fn lost(&self, why: &Arc<str>) {
        let mut reached = self.lock();
        reached.lost = Some(why.clone());
        reached.stage = Stage::Confirmation(Some(why.clone()));
    }

    /// The error of a call whose time is over.
    pub(super) fn over(&self, target: &Target, timeout: Duration) -> Error {
        let (unserved, lost) = {
            let reached = self.lock();
            (reached.unserved, reached.lost.is_some())
        };
        if unserved && !lost {
            Error::undeliverable(target)
        } else {
            Error::timeout(target, timeout, self.stage())
        }
    }

    /// What to report. A stage that promises that nothing was sent is no longer true after a try
    /// whose confirm was lost.
    fn stage(&self) -> Stage {
        let reached = self.lock();
        match &reached.stage {
            Stage::Connection(_) | Stage::Unblocking(_) if reached.lost.is_some() => {
                Stage::Confirmation(reached.lost.clone())
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
        assert!(!attempts.unserved().may_have_run());
        let refused = |attempts: &mut Attempts<'_>| attempts.refused(Error::Closed, &"z".into());
        assert!(matches!(refused(&mut attempts), Error::Closed));
        let error = attempts.last(&"y".into());
        assert!(error.may_have_run(), "{error}");
        assert!(attempts.unserved().may_have_run());
        assert!(refused(&mut attempts).may_have_run());
    }

    #[test]
    fn a_lost_confirm_is_not_forgotten() {
        let progress = Progress::new();
        assert_eq!(progress.stage(), Stage::Connection(None));
        progress.lost(&"cut".into());
        progress.set(Stage::Connection(Some("refused".into())));
        assert_eq!(progress.stage(), Stage::Confirmation(Some("cut".into())));
        progress.set(Stage::Reply);
        assert_eq!(progress.stage(), Stage::Reply);
    }

    #[test]
    fn what_came_back_was_not_delivered() {
        let target = Target::new("t");
        let over = |progress: &Progress| progress.over(&target, Duration::from_secs(1));
        let progress = Progress::new();
        progress.unserved();
        assert!(matches!(over(&progress), Error::Undeliverable { .. }));
        progress.set(Stage::Confirmation(None));
        assert!(
            over(&progress).is_timeout(),
            "the next try may come through"
        );
        progress.lost(&"cut".into());
        progress.unserved();
        assert!(over(&progress).may_have_run(), "an earlier one may have");
    }

    #[tokio::test(start_paused = true)]
    async fn a_missing_queue_is_looked_for_until_the_time_is_over() {
        let began = Instant::now();
        let mut wait = QueueWait::new(Duration::from_secs(2));
        let mut tries = 0;
        while wait.again().await {
            tries += 1;
        }
        assert_eq!(began.elapsed(), Duration::from_secs(2));
        assert!((5..10).contains(&tries), "{tries}");
        assert!(!QueueWait::new(Duration::ZERO).again().await);
    }
}
