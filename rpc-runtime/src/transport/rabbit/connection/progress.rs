//! What one call waits for now, for the error that its caller gets if the time is over.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Stage;
use crate::sync::Mutex;
use crate::{Error, Target};

/// What a call waits for.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<Reached>);

#[derive(Debug)]
struct Reached {
    stage: Stage,
    /// The last try came back, and the next one has not begun.
    unserved: bool,
    /// Why an earlier try was lost that may have come through.
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

    /// There was no queue for the last try: it certainly was not delivered.
    pub(crate) fn unserved(&self) {
        self.0.lock().unserved = true;
    }

    /// The last try may have come through, but for `why` nobody can tell.
    pub(crate) fn lost(&self, why: &Arc<str>) {
        let mut reached = self.0.lock();
        reached.lost = Some(why.clone());
        reached.stage = Stage::Confirmation(Some(why.clone()));
    }

    /// The error of a call whose time is over.
    pub(crate) fn over(&self, target: &Target, timeout: Duration) -> Error {
        let (unserved, lost) = {
            let reached = self.0.lock();
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
}
