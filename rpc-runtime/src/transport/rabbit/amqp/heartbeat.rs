//! Detects a dead broker: no bytes arrive from it.
//!
//! RabbitMQ sends a heartbeat every half interval if it sends nothing else. A heartbeat that is due soon after other
//! bytes is postponed by half an interval. So a live broker may be silent for one interval, and a broker that is
//! silent for two counts as dead.
//!
//! Silence is measured in ticks. A tick that ends late must not count: the process may have been suspended, and must
//! read before it decides. The connection's `Io` owns the [`Heartbeat`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The number of ticks in a limit. With 8, a silence is detected after the limit at the earliest, and after 9/8 of
/// the limit at the latest.
const TICKS: u32 = 8;

/// The heartbeat interval to negotiate, in seconds, so that a broker counts as dead after about `seconds` of silence.
/// 0 accepts the broker's interval.
pub(super) fn interval(seconds: u16) -> u16 {
    match seconds {
        0 => 0,
        seconds => (seconds / 2).max(1),
    }
}

/// How long a broker may be silent, given the negotiated interval in seconds. `None` if it sends no heartbeats.
pub(super) fn limit(interval: u16) -> Option<Duration> {
    (interval > 0).then(|| Duration::from_secs(u64::from(interval) * 2))
}

/// Whether bytes have arrived since the last tick. The I/O task sets it, and [`lost`](Self::lost) resets it.
#[derive(Debug, Clone, Default)]
pub(super) struct Heartbeat(Arc<AtomicBool>);

impl Heartbeat {
    /// Notes that bytes have arrived.
    pub(super) fn beat(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Waits until nothing has arrived for `limit`, or for up to a tick longer.
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
    async fn silence_is_noticed_soon_after_its_limit() {
        let heartbeat = Heartbeat::default();
        let mut lost = pin!(heartbeat.lost(LIMIT));
        for _ in 0..10 {
            heartbeat.beat();
            // The longest silence of a live broker.
            timeout(LIMIT / 2, &mut lost).await.unwrap_err();
        }
        heartbeat.beat();
        let since = Instant::now();
        lost.await;
        assert!(since.elapsed() > LIMIT * 3 / 4 && since.elapsed() <= LIMIT + LIMIT / 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_tick_after_a_suspension_does_not_count() {
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
