//! The time between two tries, and the chance in it.
//!
//! Plain values; who waits does so elsewhere.

use std::time::Duration;

use crate::random::below;

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

    /// That, with chance.
    pub(crate) fn jittered(&self, failures: u32) -> Duration {
        jittered(self.delay(failures))
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
}

impl Pace {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self {
            backoff,
            failures: 0,
        }
    }

    /// The wait after the end of what has lasted for `lasted`.
    pub(crate) fn after(&mut self, lasted: Duration) -> Duration {
        if lasted > self.backoff.max {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        match self.failures {
            1 => Duration::ZERO,
            failures => self.backoff.jittered(failures - 1),
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
        let delays: Vec<_> = (0..1000).map(|_| OSLO.jittered(99)).collect();
        assert!(delays.iter().all(|d| *d <= most && *d > most * 3 / 4));
        // All over that range.
        assert!(delays.iter().any(|d| *d > most * 19 / 20));
        assert!(delays.iter().any(|d| *d < most * 16 / 20));
    }

    #[test]
    fn what_lasted_is_replaced_at_once() {
        let mut pace = Pace::new(OSLO);
        let short = Duration::from_millis(1);
        assert_eq!(pace.after(short), Duration::ZERO);
        assert!(pace.after(short) <= OSLO.delay(1));
        assert!(pace.after(short) > OSLO.delay(1));
        assert_eq!(pace.after(Duration::from_secs(31)), Duration::ZERO);
    }
}
