//! Back-off: the time between two attempts, with jitter.
//!
//! Plain values without I/O. Nothing here sleeps; each task owns its [`Pace`].

use std::time::Duration;

use crate::random::below;

/// The longest pause after a refusal, unless [`Backoff::max`] is longer.
const MOST_AFTER_REFUSAL: Duration = Duration::from_secs(30);

/// The pause between two attempts, which callers can shorten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    /// An urgent caller, which allows no retry, shortens the pause to this.
    pub(crate) least: Duration,
    /// Any other caller shortens the pause to this.
    pub(crate) shortened: Duration,
    /// The pause without callers.
    pub(crate) most: Duration,
}

impl Pause {
    const NONE: Self = Self {
        least: Duration::ZERO,
        shortened: Duration::ZERO,
        most: Duration::ZERO,
    };
}

/// The pauses between attempts: the first is `interval`, each further one is `step` longer, up to `max`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) interval: Duration,
    pub(crate) step: Duration,
    pub(crate) max: Duration,
}

impl Backoff {
    /// The pause after `failures` failed attempts in a row, without jitter.
    pub(crate) fn delay(&self, failures: u32) -> Duration {
        let steps = self.step.saturating_mul(failures.saturating_sub(1));
        self.interval.saturating_add(steps).min(self.max)
    }

    /// The pause after `failures` failed attempts in a row, with jitter.
    pub(crate) fn pause(&self, failures: u32) -> Pause {
        let most = jittered(self.delay(failures));
        let least = most.min(self.interval);
        Pause {
            least,
            shortened: least,
            most,
        }
    }

    /// The pause after `refusals` refusals in a row, with jitter. The broker will most likely refuse again, so each
    /// pause is twice as long as the one before, up to the longer of [`MOST_AFTER_REFUSAL`] and
    /// [`Backoff::max`].
    pub(crate) fn pause_after_refusal(&self, refusals: u32) -> Pause {
        let doubled = 2_u32.saturating_pow(refusals.saturating_sub(1));
        let longest = MOST_AFTER_REFUSAL.max(self.max);
        let most = jittered(self.interval.saturating_mul(doubled).min(longest));
        Pause {
            least: most.min(self.interval),
            shortened: (most / 4).max(most.min(self.interval)),
            most,
        }
    }
}

/// Shortens a time by a random part of up to a quarter, so that the clients of one broker do not act in step.
pub(crate) fn jittered(time: Duration) -> Duration {
    time.saturating_sub(time / 4000 * below(1000))
}

/// Paces the replacement of a long-lived object: a connection, a consumer or a session. Unless the broker refused, the
/// first replacement comes at once. Repeated failures lead to growing pauses.
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

    /// The pause after a refusal ended an object that had lasted for `lasted`. The broker will most likely refuse
    /// again.
    pub(crate) fn after_refusal(&mut self, lasted: Duration) -> Pause {
        if lasted > MOST_AFTER_REFUSAL {
            self.refusals = 0;
        }
        self.refusals = self.refusals.saturating_add(1);
        self.backoff.pause_after_refusal(self.refusals)
    }

    /// The pause after an object that had lasted for `lasted` ended for any other reason.
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
        // Spread over the whole range.
        assert!(delays.iter().any(|d| *d > most * 19 / 20));
        assert!(delays.iter().any(|d| *d < most * 16 / 20));
    }

    #[test]
    fn after_a_long_life_the_replacement_comes_at_once() {
        let mut pace = Pace::new(OSLO);
        let short = Duration::from_millis(1);
        assert_eq!(pace.after(short), Pause::NONE);
        assert!(pace.after(short).most <= OSLO.delay(1));
        assert!(pace.after(short).most > OSLO.delay(1));
        assert_eq!(pace.after(Duration::from_secs(31)), Pause::NONE);
    }

    #[test]
    fn pauses_double_with_each_refusal() {
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
            assert!(pause.least <= pause.shortened && pause.shortened <= pause.most);
        }
        let whole: Duration = pauses.iter().map(|pause| pause.most).sum();
        assert!(whole > Duration::from_secs(60), "{whole:?}");
        assert!(refused(30_001).most <= backoff.interval);
        refused(1);
        assert_eq!(pace.after(Duration::from_secs(1)), Pause::NONE);
        assert!(pace.after_refusal(Duration::ZERO).most <= backoff.interval);
    }
}
