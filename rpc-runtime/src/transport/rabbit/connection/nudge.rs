//! Pauses between attempts, which callers shorten when they start to wait: a new caller need not wait for the end of a
//! long back-off.
//!
//! Callers share a [`Nudge`]; the task that makes attempts owns a [`Nudged`]. Many callers must not cause many
//! attempts, so a pause has a least length.

use tokio::sync::watch;
use tokio::time::sleep;

use super::super::backoff::Pause;

/// How many callers have started to wait so far.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    all: u64,
    /// The callers that allow no retry.
    urgent: u64,
}

/// The callers' end: tells the task that makes attempts that a caller waits.
#[derive(Debug, Default)]
pub(crate) struct Nudge(watch::Sender<Count>);

/// The other end, for the task that makes attempts.
#[derive(Debug, Clone)]
pub(crate) struct Nudged {
    count: watch::Receiver<Count>,
    seen: Count,
}

impl Nudge {
    /// Reports that a caller starts to wait. An urgent caller shortens the pause most.
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
    /// Notes that an attempt begins. Callers that start to wait from now on shorten the next pause.
    pub(crate) fn begin_attempt(&mut self) {
        self.seen = *self.count.borrow_and_update();
    }

    /// Waits between two attempts.
    pub(crate) async fn pause(&mut self, pause: Pause) {
        sleep(pause.least).await;
        let seen = self.seen;
        let (mut urgent, mut any) = (self.count.clone(), self.count.clone());
        let further = pause.shortened.saturating_sub(pause.least);
        let cut_short = async {
            sleep(further).await;
            any.wait_for(|count| count.all > seen.all).await.is_ok()
        };
        tokio::select! {
            () = sleep(pause.most.saturating_sub(pause.least)) => {}
            Ok(_) = urgent.wait_for(|count| count.urgent > seen.urgent) => {}
            // False if the sender was dropped: the pause is not shortened then.
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
        shortened: Duration::from_secs(4),
        most: Duration::from_secs(16),
    };

    async fn paused(nudged: &mut Nudged) -> u64 {
        let since = Instant::now();
        nudged.pause(PAUSE).await;
        since.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn callers_shorten_one_pause_each() {
        let nudge = Nudge::default();
        let mut nudged = nudge.listen();
        nudged.begin_attempt();
        assert_eq!(paused(&mut nudged).await, 16);
        nudge.send(false);
        assert_eq!(paused(&mut nudged).await, 4);
        nudge.send(true);
        assert_eq!(paused(&mut nudged).await, 1);
        nudged.begin_attempt();
        assert_eq!(
            paused(&mut nudged).await,
            16,
            "both callers came before the last attempt"
        );
        drop(nudge);
        assert_eq!(paused(&mut nudged).await, 16);
    }
}
