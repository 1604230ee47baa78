//! How long confirms take on one connection, and for how long a channel without any is therefore no surprise.
//!
//! A fixed limit would be wrong: over a long line, every channel is silent for a round trip. The limit is computed as
//! TCP computes its retransmission timeout (RFC 6298): the smoothed mean of what was measured, and four times its
//! smoothed deviation. One message of each channel is timed at a time, so there is about one sample a round trip.
//! Slow confirms raise the limit at once. A single slow one is forgotten after some ten round trips.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::sync::Mutex;

/// No channel is silent before this. A healthy broker under load, in the same data centre, takes a fraction of it.
const LEAST_LIMIT: Duration = Duration::from_millis(100);

/// What was measured.
#[derive(Debug, Default)]
struct ConfirmTimes(Option<Smoothed>);

#[derive(Debug, Clone, Copy)]
struct Smoothed {
    mean: Duration,
    deviation: Duration,
}

impl ConfirmTimes {
    /// A confirm took so long.
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

    /// After how long without a confirm a channel is silent.
    fn silence_limit(&self) -> Duration {
        let measured = self.0.map(|known| known.mean + 4 * known.deviation);
        measured.map_or(LEAST_LIMIT, |limit| limit.max(LEAST_LIMIT))
    }
}

/// Watches the confirms of one connection: how long confirms take, and the news that one came after a long silence.
#[derive(Debug, Default)]
pub(super) struct ConfirmMonitor {
    times: Mutex<ConfirmTimes>,
    revived: Notify,
}

impl ConfirmMonitor {
    /// A timed message was confirmed after so long.
    pub(super) fn measured(&self, took: Duration) {
        self.times.lock().add(took);
    }

    /// A channel was silent for so long, and has got a confirm.
    pub(super) fn confirmed(&self, silence: Duration) {
        if silence >= LEAST_LIMIT {
            self.revived.notify_waiters();
        }
    }

    /// Whether a channel is silent that got no confirm for so long, while messages wait.
    pub(super) fn is_silent(&self, time: Duration) -> bool {
        time >= LEAST_LIMIT && time >= self.times.lock().silence_limit()
    }

    /// Done when a channel that may have been silent gets a confirm, from the moment of this call on.
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
    fn a_steady_line_is_not_silent_for_its_round_trip() {
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
    fn jitter_is_allowed_for() {
        // From 200 to 400 ms, in no order.
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
    fn a_line_that_becomes_long_is_known_after_two_round_trips() {
        let near = [1; 100];
        assert!(limit(near.into_iter().chain([1000])) > 1000);
        let shorter = limit([1000; 100].into_iter().chain([1; 40]));
        assert_eq!(shorter, 100, "and one that becomes short again, soon");
    }

    #[test]
    fn a_queue_that_was_stuck_is_forgotten() {
        let stuck = [1; 100].into_iter().chain([30_000]);
        assert!(limit(stuck.clone()) > 30_000);
        assert_eq!(limit(stuck.chain([1; 60])), 100);
    }

    #[tokio::test]
    async fn whoever_waits_for_a_sign_of_life_gets_it() {
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
