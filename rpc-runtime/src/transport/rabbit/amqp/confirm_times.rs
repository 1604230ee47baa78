//! Measures how long confirms take on one connection, and decides when a channel without confirms counts as silent.
//!
//! The limit must not be fixed: over a distant connection, no confirm arrives within less than a round trip. It
//! is computed as TCP computes its retransmission timeout (RFC 6298): the smoothed mean of the measured times, plus four
//! times their smoothed deviation. One message of each channel is timed at a time, so there is about one sample in a
//! round trip. Slow confirms raise the limit at once. The effect of a single slow confirm has decayed after about forty
//! round trips.
//!
//! Plain state without I/O. A connection's channels share one [`ConfirmMonitor`].

use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::sync::Mutex;

/// The least limit. A healthy broker under load in the same data centre confirms in a fraction of it.
const LEAST_LIMIT: Duration = Duration::from_millis(100);

/// The measured times.
#[derive(Debug, Default)]
struct ConfirmTimes(Option<Smoothed>);

#[derive(Debug, Clone, Copy)]
struct Smoothed {
    mean: Duration,
    deviation: Duration,
}

impl ConfirmTimes {
    /// Adds the time that a confirm took.
    fn add(&mut self, took: Duration) {
        self.0 = Some(match self.0 {
            None => Smoothed {
                mean: took,
                deviation: took / 2,
            },
            Some(Smoothed { mean, deviation }) => Smoothed {
                deviation: (3 * deviation + mean.abs_diff(took)) / 4,
                mean: (7 * mean + took) / 8,
            },
        });
    }

    /// The time without a confirm after which a channel counts as silent.
    fn silence_limit(&self) -> Duration {
        let measured = self.0.map(|known| known.mean + 4 * known.deviation);
        measured.map_or(LEAST_LIMIT, |limit| limit.max(LEAST_LIMIT))
    }
}

/// Watches the confirms of one connection: how long they take, and whether one came after a silence.
#[derive(Debug, Default)]
pub(super) struct ConfirmMonitor {
    times: Mutex<ConfirmTimes>,
    revived: Notify,
}

impl ConfirmMonitor {
    /// Adds the time that the confirm of a timed message took.
    pub(super) fn measured(&self, took: Duration) {
        self.times.lock().add(took);
    }

    /// Notes that a channel got a confirm, after `silence` without one.
    pub(super) fn confirmed(&self, silence: Duration) {
        if silence >= LEAST_LIMIT {
            self.revived.notify_waiters();
        }
    }

    /// Whether a channel counts as silent if its messages have got no confirm for `time`.
    pub(super) fn is_silent(&self, time: Duration) -> bool {
        time >= LEAST_LIMIT && time >= self.times.lock().silence_limit()
    }

    /// Completes when a channel that may have been silent gets a confirm. Confirms count from this call on, not from
    /// the first poll.
    pub(super) fn revived(&self) -> Notified<'_> {
        self.revived.notified()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::task::Poll;

    use super::*;

    fn times(samples: impl IntoIterator<Item = u64>) -> ConfirmTimes {
        let mut times = ConfirmTimes::default();
        for sample in samples {
            times.add(Duration::from_millis(sample));
        }
        times
    }

    fn limit(samples: impl IntoIterator<Item = u64>) -> u128 {
        times(samples).silence_limit().as_millis()
    }

    #[test]
    fn the_limit_follows_rfc_6298() {
        assert_eq!(limit([]), 100);
        // Mean 1000, deviation 500.
        assert_eq!(limit([1000]), 3000);
        // Deviation (3 * 500 + 0) / 4, then (3 * 375 + 400) / 4; mean (7 * 1000 + 1400) / 8.
        assert_eq!(limit([1000, 1000]), 2500);
        assert_eq!(limit([1000, 1000, 1400]), 2575);
    }

    #[test]
    fn with_a_steady_round_trip_the_limit_is_slightly_above_it() {
        for round_trip in [1, 20, 100, 200, 1000, 5000] {
            let limit = limit([round_trip; 100]);
            let least = u128::from(round_trip).max(100);
            assert!(
                (least..least + 20).contains(&limit),
                "{round_trip}: {limit}"
            );
        }
    }

    #[test]
    fn the_limit_allows_for_jitter() {
        // From 200 to 400 ms, in no particular order.
        let samples = (0..200).map(|number| 200 + number * 7919 % 200);
        let mut times = ConfirmTimes::default();
        let mut silent = 0;
        for sample in samples {
            let sample = Duration::from_millis(sample);
            silent += usize::from(sample >= times.silence_limit() && times.0.is_some());
            times.add(sample);
        }
        assert_eq!(silent, 0);
    }

    #[test]
    fn a_longer_round_trip_raises_the_limit_at_once() {
        let near = [1; 100];
        assert!(limit(near.into_iter().chain([1000])) > 1000);
        let shorter = limit([1000; 100].into_iter().chain([1; 40]));
        assert_eq!(shorter, 100, "a shorter one lowers it after some time");
    }

    #[test]
    fn the_effect_of_one_slow_confirm_is_temporary() {
        let stuck = [1; 100].into_iter().chain([30_000]);
        assert!(limit(stuck.clone()) > 30_000);
        assert_eq!(limit(stuck.chain([1; 60])), 100);
    }

    #[tokio::test]
    async fn a_confirm_after_a_silence_revives_the_connection() {
        let monitor = ConfirmMonitor::default();
        let mut revived = Box::pin(monitor.revived());
        monitor.confirmed(Duration::from_millis(1));
        assert!(is_pending(&mut revived).await);
        monitor.confirmed(LEAST_LIMIT);
        assert!(!is_pending(&mut revived).await);
        assert!(!monitor.is_silent(Duration::from_millis(99)) && monitor.is_silent(LEAST_LIMIT));
        monitor.measured(Duration::from_secs(1));
        assert!(
            !monitor.is_silent(Duration::from_secs(2)) && monitor.is_silent(Duration::from_secs(3))
        );
    }

    async fn is_pending(future: &mut Pin<Box<impl Future>>) -> bool {
        let polled = poll_fn(|context| Poll::Ready(future.as_mut().poll(context)));
        polled.await.is_pending()
    }
}
