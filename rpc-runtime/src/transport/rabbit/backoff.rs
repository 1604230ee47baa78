//! The time between two tries, and the chance in it.
//!
//! Plain values; who waits does so elsewhere.

use std::time::Duration;

use crate::random::below;

/// The longest wait after a refusal, unless other failures have a longer one.
const MOST_AFTER_REFUSAL: Duration = Duration::from_secs(30);

/// The wait between two attempts, which callers can cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    /// Nobody cuts it shorter than this.
    pub(crate) least: Duration,
    /// Callers that do not ask for an answer at once cut it to this.
    pub(crate) patience: Duration,
    /// The whole of it.
    pub(crate) most: Duration,
}

impl Pause {
    const NONE: Self = Self {
        least: Duration::ZERO,
        patience: Duration::ZERO,
        most: Duration::ZERO,
    };
}

/// The time between attempts: `interval`, then `step` more at each, up to `max`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) interval: Duration,
    pub(crate) step: Duration,
    pub(crate) max: Duration,
}

impl Backoff {
    /// The longest wait after `failures` attempts in a row.
    pub(crate) fn delay(&self, failures: u32) -> Duration {
        let steps = self.step.saturating_mul(failures.saturating_sub(1));
        self.interval.saturating_add(steps).min(self.max)
    }

    /// The wait after `failures` attempts in a row, with chance.
    pub(crate) fn pause(&self, failures: u32) -> Pause {
        let most = jittered(self.delay(failures));
        let least = most.min(self.interval);
        Pause {
            least,
            patience: least,
            most,
        }
    }

    /// The wait after `refusals` refusals in a row, with chance. What the broker refuses, it most likely refuses again:
    /// each wait is twice as long as the one before.
    pub(crate) fn pause_after_refusal(&self, refusals: u32) -> Pause {
        let doubled = 2_u32.saturating_pow(refusals.saturating_sub(1));
        let longest = MOST_AFTER_REFUSAL.max(self.max);
        let most = jittered(self.interval.saturating_mul(doubled).min(longest));
        Pause {
            least: most.min(self.interval),
            patience: (most / 4).max(most.min(self.interval)),
            most,
        }
    }
}

/// The time less a random part of up to a quarter: the clients of one broker must not come in step.
pub(crate) fn jittered(time: Duration) -> Duration {
    time.saturating_sub(time / 4000 * below(1000))
}

/// Paces the replacement of something that should last: at once, and slower if it fails again and again.
#[derive(Debug)]
pub(crate) struct Pace {
    backoff: Backoff,
    failures: u32,
    refusals: u32,
}

impl Pace {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self {
            backoff,
            failures: 0,
            refusals: 0,
        }
    }

    /// The wait after what has lasted for `lasted` was ended by a refusal, which may repeat each time.
    pub(crate) fn after_refusal(&mut self, lasted: Duration) -> Pause {
        if lasted > MOST_AFTER_REFUSAL {
            self.refusals = 0;
        }
        self.refusals = self.refusals.saturating_add(1);
        self.backoff.pause_after_refusal(self.refusals)
    }

    /// The wait after the end of what has lasted for `lasted`.
    pub(crate) fn after(&mut self, lasted: Duration) -> Pause {
        self.refusals = 0;
        if lasted > self.backoff.max {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        match self.failures {
            1 => Pause::NONE,
            failures => self.backoff.pause(failures - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OSLO: Backoff = Backoff {
        interval: Duration::from_secs(1),
        step: Duration::from_secs(2),
        max: Duration::from_secs(30),
    };

    #[test]
    fn attempts_are_spaced_as_in_oslo_messaging() {
        let delays: Vec<_> = [1, 2, 3, 15, 16, u32::MAX]
            .map(|n| OSLO.delay(n).as_secs())
            .into();
        assert_eq!(delays, [1, 3, 5, 29, 30, 30]);
    }

    #[test]
    fn jitter_takes_up_to_a_quarter() {
        let most = Duration::from_secs(30);
        let delays: Vec<_> = (0..1000).map(|_| OSLO.pause(99).most).collect();
        assert!(delays.iter().all(|d| *d <= most && *d > most * 3 / 4));
        // All over that range.
        assert!(delays.iter().any(|d| *d > most * 19 / 20));
        assert!(delays.iter().any(|d| *d < most * 16 / 20));
    }

    #[test]
    fn what_lasted_is_replaced_at_once() {
        let mut pace = Pace::new(OSLO);
        let short = Duration::from_millis(1);
        assert_eq!(pace.after(short), Pause::NONE);
        assert!(pace.after(short).most <= OSLO.delay(1));
        assert!(pace.after(short).most > OSLO.delay(1));
        assert_eq!(pace.after(Duration::from_secs(31)), Pause::NONE);
    }

    #[test]
    fn what_is_refused_is_tried_less_and_less_often() {
        let backoff = Backoff {
            interval: Duration::from_millis(100),
            step: Duration::from_millis(200),
            max: Duration::from_millis(500),
        };
        let mut pace = Pace::new(backoff);
        let mut refused = |lasted| pace.after_refusal(Duration::from_millis(lasted));
        let pauses: Vec<_> = (0..12).map(|_| refused(700)).collect();
        for (number, pause) in pauses.iter().enumerate() {
            let whole = Duration::from_millis(100 << number).min(Duration::from_secs(30));
            assert!(
                pause.most <= whole && pause.most > whole * 3 / 4,
                "{pause:?}"
            );
            assert!(pause.least <= pause.patience && pause.patience <= pause.most);
        }
        let whole: Duration = pauses.iter().map(|pause| pause.most).sum();
        assert!(whole > Duration::from_secs(60), "{whole:?}");
        assert!(refused(30_001).most <= backoff.interval);
        refused(1);
        assert_eq!(pace.after(Duration::from_secs(1)), Pause::NONE);
        assert!(pace.after_refusal(Duration::ZERO).most <= backoff.interval);
    }
}
