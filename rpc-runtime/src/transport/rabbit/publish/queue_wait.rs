//! The wait of one message for its missing queue: the intervals at which it is published again.
//!
//! The broker does not notify publishers of new queues, so the message is published again at intervals. Plain state of
//! the message's future.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The first and the longest interval between two polls.
const QUEUE_POLLS: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(500)];

/// The intervals between polls. They are short at first, since a server that reconnects declares its queue at once.
#[derive(Debug)]
pub(super) struct QueueWait {
    /// The end of the wait. `None` for no end.
    limit: Option<Instant>,
    next: Duration,
}

impl QueueWait {
    /// A wait that begins now and lasts for `time`.
    pub(super) fn new(time: Duration) -> Self {
        Self {
            // A wait that exceeds the clock's range has no end.
            limit: Instant::now().checked_add(time),
            next: QUEUE_POLLS[0],
        }
    }

    /// Waits until the next poll. Returns false once the wait is over.
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
    async fn a_missing_queue_is_polled_until_the_wait_is_over() {
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
