//! The stage that a call has reached, for the error at its deadline.
//!
//! The call's future owns it, and the steps of the call set it. The error must not promise that nothing was sent if an
//! earlier attempt may have delivered the request.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Stage;
use crate::sync::Mutex;
use crate::{Error, Target};

/// The stage that a call has reached.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<Reached>);

#[derive(Debug)]
struct Reached {
    stage: Stage,
    /// Whether the broker returned the last attempt and the next one has not begun.
    unserved: bool,
    /// Why the confirm of an earlier attempt was lost, if one was. That attempt may have delivered the request.
    lost: Option<Arc<str>>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Reached {
            stage: Stage::Connection(None),
            unserved: false,
            lost: None,
        }))
    }

    pub(crate) fn set(&self, stage: Stage) {
        let mut reached = self.0.lock();
        reached.stage = stage;
        reached.unserved = false;
    }

    /// Notes that the broker returned the last attempt: there was no queue for it, so it was not delivered.
    pub(crate) fn unserved(&self) {
        self.0.lock().unserved = true;
    }

    /// Notes that the confirm of the last attempt was lost, so that the attempt may have delivered the request.
    pub(crate) fn lost(&self, why: &Arc<str>) {
        let mut reached = self.0.lock();
        reached.lost = Some(why.clone());
        reached.stage = Stage::Confirmation(Some(why.clone()));
    }

    /// The error of a call that has reached its deadline.
    pub(crate) fn deadline_error(&self, target: &Target, timeout: Duration) -> Error {
        let (unserved, lost) = {
            let reached = self.0.lock();
            (reached.unserved, reached.lost.is_some())
        };
        if unserved && !lost {
            Error::new_undeliverable(target)
        } else {
            Error::new_timeout(target, timeout, self.stage())
        }
    }

    /// The stage to report. Some stages promise that nothing was sent. If a confirm was lost, the lost confirm is
    /// reported in place of such a stage.
    fn stage(&self) -> Stage {
        let reached = self.0.lock();
        match &reached.stage {
            Stage::Connection(_) | Stage::Declaration(_) | Stage::Unblocking(_)
                if reached.lost.is_some() =>
            {
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
    fn a_lost_confirm_is_reported_in_place_of_a_later_reconnection() {
        let progress = Progress::new();
        assert_eq!(progress.stage(), Stage::Connection(None));
        progress.lost(&"cut".into());
        progress.set(Stage::Connection(Some("refused".into())));
        assert_eq!(progress.stage(), Stage::Confirmation(Some("cut".into())));
        progress.set(Stage::Reply);
        assert_eq!(progress.stage(), Stage::Reply);
    }

    #[test]
    fn a_returned_request_was_not_delivered() {
        let target = Target::new("t");
        let error = |progress: &Progress| progress.deadline_error(&target, Duration::from_secs(1));
        let progress = Progress::new();
        progress.unserved();
        assert!(matches!(error(&progress), Error::Undeliverable { .. }));
        progress.set(Stage::Confirmation(None));
        assert!(
            error(&progress).is_timeout(),
            "the next attempt may be delivered"
        );
        progress.lost(&"cut".into());
        progress.unserved();
        assert!(
            error(&progress).may_have_run(),
            "an earlier attempt may have been delivered"
        );
    }
}
