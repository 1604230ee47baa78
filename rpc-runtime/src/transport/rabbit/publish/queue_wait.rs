//! The wait of one message for its queue.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The first wait for a missing queue, and the longest.
const QUEUE_POLLS: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(500)];

/// Polls for a missing queue: often at first, since a server that reconnects declares its queue at once.
#[derive(Debug)]
pub(super) struct QueueWait {
    limit: Option<Instant>,
    next: Duration,
}

impl QueueWait {
    /// Begins now, for `time`.
    pub(super) fn new(time: Duration) -> Self {
        Self {
            // A wait that overflows the clock is unlimited.
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

#[cfg(test)]
mod tests {
    use super::*;

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
