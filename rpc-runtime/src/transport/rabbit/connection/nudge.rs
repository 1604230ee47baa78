//! Callers that begin to wait for something, and pauses between attempts that they cut short: a new caller need not wait
//! for the end of a long back-off.

use tokio::sync::watch;
use tokio::time::sleep;

use super::super::backoff::Pause;

/// How many callers have begun to wait so far.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    all: u64,
    /// Those who want an answer at once.
    urgent: u64,
}

/// The callers' end.
#[derive(Debug, Default)]
pub(crate) struct Nudge(watch::Sender<Count>);

/// The end of whoever makes attempts.
#[derive(Debug, Clone)]
pub(crate) struct Nudged {
    count: watch::Receiver<Count>,
    seen: Count,
}

impl Nudge {
    /// Somebody begins to wait.
    pub(crate) fn send(&self, is_urgent: bool) {
        self.0.send_modify(|count| {
            count.all += 1;
            count.urgent += u64::from(is_urgent);
        });
    }

    pub(crate) fn listen(&self) -> Nudged {
        Nudged {
            count: self.0.subscribe(),
            seen: Count::default(),
        }
    }
}

impl Nudged {
    /// An attempt begins. Whoever begins to wait from now on cuts the next pause short.
    pub(crate) fn begin_attempt(&mut self) {
        self.seen = *self.count.borrow_and_update();
    }

    /// Waits between two attempts.
    pub(crate) async fn pause(&mut self, pause: Pause) {
        // The pause, in parts: many callers must not make for many attempts.
        sleep(pause.least).await;
        let seen = self.seen;
        let (mut urgent, mut any) = (self.count.clone(), self.count.clone());
        let patience = pause.patience.saturating_sub(pause.least);
        let cut_short = async {
            sleep(patience).await;
            any.wait_for(|count| count.all > seen.all).await.is_ok()
        };
        tokio::select! {
            () = sleep(pause.most.saturating_sub(pause.least)) => {}
            Ok(_) = urgent.wait_for(|count| count.urgent > seen.urgent) => {}
            // Without callers, whoever makes attempts is about to end.
            true = cut_short => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    const PAUSE: Pause = Pause {
        least: Duration::from_secs(1),
        patience: Duration::from_secs(4),
        most: Duration::from_secs(16),
    };

    async fn paused(nudged: &mut Nudged) -> u64 {
        let since = Instant::now();
        nudged.pause(PAUSE).await;
        since.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn callers_cut_a_pause_short() {
        let nudge = Nudge::default();
        let mut nudged = nudge.listen();
        nudged.begin_attempt();
        assert_eq!(paused(&mut nudged).await, 16);
        nudge.send(false);
        assert_eq!(paused(&mut nudged).await, 4);
        nudge.send(true);
        assert_eq!(paused(&mut nudged).await, 1);
        nudged.begin_attempt();
        assert_eq!(paused(&mut nudged).await, 16, "each cuts one short");
        drop(nudge);
        assert_eq!(paused(&mut nudged).await, 16);
    }
}
