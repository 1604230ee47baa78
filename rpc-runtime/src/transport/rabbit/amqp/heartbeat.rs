//! Notices a broker that has gone silent: no bytes arrive.
//!
//! Of the heartbeats agreed, RabbitMQ sends one each half interval while it has nothing else to say; but
//! one that falls due soon after other bytes waits for the next half. So a live broker may be silent for
//! an interval, and one that is silent for two is gone. Silence is measured in ticks, and only in those
//! that came in time: a process that was stopped itself must read before it judges.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// So that a silence is noticed after 7/8 of its limit at the earliest, and at the limit at the latest.
const TICKS: u32 = 8;

/// The interval to agree on, so that a broker's silence for `seconds` means that it is gone; 0 takes what the
/// broker offers.
pub(super) fn interval(seconds: u16) -> u16 {
    match seconds {
        0 => 0,
        seconds => (seconds / 2).max(1),
    }
}

/// How long a broker may be silent with which an interval was agreed; none if it sends no heartbeats.
pub(super) fn limit(interval: u16) -> Option<Duration> {
    (interval > 0).then(|| Duration::from_secs(u64::from(interval) * 2))
}

/// Whether bytes have arrived: the I/O task notes it, and the watchdog asks for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Heartbeat(Arc<AtomicBool>);

impl Heartbeat {
    /// Bytes have arrived.
    pub(super) fn beat(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Done when nothing has arrived for `limit`.
    pub(super) async fn lost(&self, limit: Duration) {
        let tick = limit / TICKS;
        let mut silent = 0;
        while silent < TICKS {
            let since = Instant::now();
            sleep(tick).await;
            if self.0.swap(false, Ordering::Relaxed) {
                silent = 0;
            } else if since.elapsed() < tick * 2 {
                silent += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use tokio::time::{advance, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(8);

    #[tokio::test(start_paused = true)]
    async fn silence_is_noticed_within_its_limit() {
        let heartbeat = Heartbeat::default();
        let mut lost = pin!(heartbeat.lost(LIMIT));
        for _ in 0..10 {
            heartbeat.beat();
            // As late as a live broker may be.
            timeout(LIMIT / 2, &mut lost).await.unwrap_err();
        }
        heartbeat.beat();
        let since = Instant::now();
        lost.await;
        assert!(since.elapsed() > LIMIT * 3 / 4 && since.elapsed() <= LIMIT + LIMIT / 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_was_stopped_reads_before_it_judges() {
        let heartbeat = Heartbeat::default();
        let mut lost = pin!(heartbeat.lost(LIMIT));
        timeout(LIMIT * 7 / 8, &mut lost).await.unwrap_err();
        // The next tick would be the last.
        advance(LIMIT * 10).await;
        timeout(LIMIT / 16, &mut lost).await.unwrap_err();
        heartbeat.beat();
        timeout(LIMIT / 2, &mut lost).await.unwrap_err();
    }
}
