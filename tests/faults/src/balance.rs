//! Whether a ledger balances: each promise held against each request, and the story of what broke one.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use tokio::time::Instant;

use crate::ledger::{Book, Entry, Ledger, Outcome, Replay};

/// How much later than its deadline a call may end.
pub const LATENESS: Duration = Duration::from_millis(50);
/// A loss takes along what was accepted this long before it, at most: no backlog is older.
const BACKLOG: Duration = Duration::from_secs(5);
/// What a server has left in doubt.
const DOUBTED: &str = "named in a server's log";

/// What the ledger comes to.
#[derive(Debug, Default, Clone)]
pub struct Balance {
    /// Calls and casts, that ended well.
    pub ok: [u64; 2],
    /// Calls and casts that failed, by kind of error.
    pub failed: [BTreeMap<&'static str, u64>; 2],
    /// Accepted casts that were lost with what named losses took.
    pub excused: BTreeMap<String, u64>,
    /// Requests that were run again, and why that is not the library's to prevent.
    pub replayed: BTreeMap<String, u64>,
    /// Requests that were run more than once.
    pub duplicates: u64,
    /// Accepted casts that were lost, and nothing excuses it.
    pub lost: u64,
    /// Requests that were run although the error said that they were not.
    pub denied: u64,
    /// Calls that got a reply to something else.
    pub wrong: u64,
    /// Calls that ended too late.
    pub late: u64,
    /// Calls that were answered and not done.
    pub unearned: u64,
    /// Requests that never ended.
    pub unended: u64,
    /// How late the latest call was.
    pub latest: Duration,
    /// How late the clients' scheduler was at worst.
    pub starved: Duration,
    /// The story of each request that does not balance.
    pub stories: Vec<String>,
}

impl Ledger {
    /// Adds it all up. To be asked when all is quiet.
    #[must_use]
    pub fn balance(&self) -> Balance {
        let book = self.book();
        let mut balance = Balance {
            starved: book
                .starved
                .iter()
                .map(|late| late.1)
                .max()
                .unwrap_or_default(),
            ..Balance::default()
        };
        let mut left: Vec<usize> = book.losses.iter().map(|loss| loss.most).collect();
        for (number, entry) in (self.first..).zip(&book.entries) {
            let wrong = self.judge(&book, entry, &mut left, &mut balance);
            if let Some(wrong) = wrong {
                balance
                    .stories
                    .push(self.story(&book, number, entry, wrong));
            }
        }
        balance
    }

    fn judge(
        &self,
        book: &Book,
        entry: &Entry,
        left: &mut [usize],
        balance: &mut Balance,
    ) -> Option<&'static str> {
        if entry.begun.len() > 1 {
            let first = entry.begun.iter().map(|begun| begun.0).min();
            let within = |replay: &&Replay| {
                first.is_some_and(|first| replay.from <= first && first <= replay.to)
            };
            let Some(replay) = book.replays.iter().find(within) else {
                balance.duplicates += 1;
                self.count(entry, balance);
                return Some("was run more than once");
            };
            *balance.replayed.entry(replay.what.clone()).or_default() += 1;
        }
        let Some((ended, outcome)) = &entry.ended else {
            balance.unended += 1;
            return Some("never ended");
        };
        self.count(entry, balance);
        match outcome {
            Outcome::Failed {
                may_have_run: false,
                ..
            } if !entry.begun.is_empty() => {
                balance.denied += 1;
                return Some("was run, and its error denies it");
            }
            Outcome::Wrong => {
                balance.wrong += 1;
                return Some("got a reply to something else");
            }
            Outcome::Ok if entry.call && entry.done.is_empty() => {
                balance.unearned += 1;
                return Some("was answered, and not done");
            }
            Outcome::Ok if !entry.call && entry.begun.is_empty() && !entry.doubted.is_empty() => {
                *balance.excused.entry(DOUBTED.to_owned()).or_default() += 1;
            }
            Outcome::Ok if !entry.call && entry.begun.is_empty() => {
                let loss = book.losses.iter().zip(left).find(|(loss, left)| {
                    **left > 0 && entry.sent <= loss.to && *ended + BACKLOG >= loss.from
                });
                let Some((loss, left)) = loss else {
                    balance.lost += 1;
                    return Some("was accepted, and never begun");
                };
                *left -= 1;
                *balance.excused.entry(loss.what.clone()).or_default() += 1;
            }
            _ => {}
        }
        if entry.call {
            let deadline = entry.sent + self.timeout;
            let late = ended.saturating_duration_since(deadline);
            balance.latest = balance.latest.max(late);
            let starved = book
                .starved
                .iter()
                .filter(|(at, _)| *at >= deadline && *at <= *ended + LATENESS);
            let starved = starved.map(|late| late.1).max().unwrap_or_default();
            if late > LATENESS + starved {
                balance.late += 1;
                return Some("ended after its deadline");
            }
        }
        None
    }

    #[expect(clippy::unused_self, reason = "a part of judging")]
    fn count(&self, entry: &Entry, balance: &mut Balance) {
        let at = usize::from(!entry.call);
        match (
            &entry.ended,
            balance.ok.get_mut(at),
            balance.failed.get_mut(at),
        ) {
            (Some((_, Outcome::Ok)), Some(ok), _) => *ok += 1,
            (Some((_, Outcome::Failed { kind, .. })), _, Some(failed)) => {
                *failed.entry(kind).or_default() += 1;
            }
            _ => {}
        }
    }

    fn story(&self, book: &Book, number: u64, entry: &Entry, wrong: &str) -> String {
        let what = if entry.call { "call" } else { "cast" };
        let mut lines = vec![(entry.sent, format!("{what} {number} sent"))];
        if let Some((at, outcome)) = &entry.ended {
            lines.push((
                *at,
                match outcome {
                    Outcome::Ok => "ended: Ok".to_owned(),
                    Outcome::Wrong => "ended: a reply to something else".to_owned(),
                    Outcome::Failed {
                        error,
                        may_have_run,
                        ..
                    } => {
                        format!("ended: may_have_run {may_have_run}: {error}")
                    }
                },
            ));
        }
        for (did, list) in [
            ("begun", &entry.begun),
            ("done", &entry.done),
            ("left in doubt", &entry.doubted),
        ] {
            lines.extend(
                list.iter()
                    .map(|(at, by)| (*at, format!("{did} by server {by}"))),
            );
        }
        let last = lines.iter().map(|line| line.0).max().unwrap_or(entry.sent);
        let near = |at: Instant| at + BACKLOG >= entry.sent && at <= last + BACKLOG;
        let events = book.events.iter().filter(|event| near(event.0));
        lines.extend(events.map(|(at, what)| (*at, format!("    -- {what}"))));
        lines.sort_by_key(|line| line.0);
        let mut story = format!("{what} {number} {wrong}:");
        for (at, line) in lines {
            let seconds = at.saturating_duration_since(self.opened).as_secs_f64();
            let _ = write!(story, "\n  {seconds:9.3} s  {line}");
        }
        story
    }
}

impl Balance {
    /// Whether every promise was kept.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.stories.is_empty()
    }

    /// Adds another block's.
    pub fn add(&mut self, other: Self) {
        for (sum, part) in self.ok.iter_mut().zip(other.ok) {
            *sum += part;
        }
        for (sum, part) in self.failed.iter_mut().zip(other.failed) {
            for (kind, count) in part {
                *sum.entry(kind).or_default() += count;
            }
        }
        for (what, count) in other.excused {
            *self.excused.entry(what).or_default() += count;
        }
        for (what, count) in other.replayed {
            *self.replayed.entry(what).or_default() += count;
        }
        self.duplicates += other.duplicates;
        self.lost += other.lost;
        self.denied += other.denied;
        self.wrong += other.wrong;
        self.late += other.late;
        self.unearned += other.unearned;
        self.unended += other.unended;
        self.latest = self.latest.max(other.latest);
        self.starved = self.starved.max(other.starved);
        self.stories.extend(other.stories);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Loss;

    fn failed(may_have_run: bool) -> Outcome {
        Outcome::Failed {
            error: "e".into(),
            kind: "delivery",
            may_have_run,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_balances_until_a_promise_is_broken() {
        let ledger = Ledger::open(Duration::from_secs(10), 100);
        let call = ledger.sent(true);
        ledger.begun(call, 1);
        ledger.done(call, 1);
        ledger.ended(call, Outcome::Ok);
        let cast = ledger.sent(false);
        ledger.ended(cast, Outcome::Ok);
        assert_eq!(ledger.open_items(), (0, 1));
        assert_eq!(ledger.balance().lost, 1);
        ledger.begun(cast, 1);
        assert!(ledger.balance().balances());
        let failing = ledger.sent(false);
        ledger.ended(failing, failed(false));
        assert!(ledger.balance().balances());
        ledger.begun(failing, 1);
        assert_eq!(ledger.balance().denied, 1);
        ledger.ended(failing, failed(true));
        assert!(ledger.balance().balances());
        let doubtful = ledger.sent(false);
        ledger.ended(doubtful, Outcome::Ok);
        ledger.doubted(doubtful, 1);
        assert_eq!(ledger.balance().excused[DOUBTED], 1);
        ledger.ended(call, Outcome::Wrong);
        assert_eq!(ledger.balance().wrong, 1);
        ledger.ended(call, Outcome::Ok);
        ledger.begun(call, 2);
        let balance = ledger.balance();
        assert_eq!((balance.duplicates, balance.ok), (1, [1, 2]));
        assert!(
            balance.stories[0].contains("begun by server 2"),
            "{}",
            balance.stories[0]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_loss_excuses_as_many_as_it_may_and_none_after_it() {
        let ledger = Ledger::open(Duration::from_secs(10), 0);
        for _ in 0..3 {
            let cast = ledger.sent(false);
            ledger.ended(cast, Outcome::Ok);
        }
        let now = Instant::now();
        ledger.loss(Loss {
            what: "queue".into(),
            from: now,
            to: now,
            most: 2,
        });
        tokio::time::advance(Duration::from_millis(1)).await;
        let after = ledger.sent(false);
        ledger.ended(after, Outcome::Ok);
        let balance = ledger.balance();
        assert_eq!((balance.excused["queue"], balance.lost), (2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_replay_excuses_what_was_begun_in_its_time() {
        let ledger = Ledger::open(Duration::from_secs(10), 0);
        let (early, late) = (ledger.sent(false), ledger.sent(false));
        ledger.begun(early, 1);
        tokio::time::advance(Duration::from_millis(1)).await;
        let from = Instant::now();
        ledger.begun(late, 1);
        ledger.replay(Replay {
            what: "disk".into(),
            from,
            to: from,
        });
        tokio::time::advance(Duration::from_millis(1)).await;
        for number in [early, late] {
            ledger.begun(number, 2);
            ledger.ended(number, Outcome::Ok);
        }
        let balance = ledger.balance();
        assert_eq!((balance.duplicates, balance.replayed["disk"]), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_late_unless_the_machine_was() {
        let ledger = Ledger::open(Duration::from_secs(1), 0);
        let call = ledger.sent(true);
        assert_eq!(ledger.balance().unended, 1);
        tokio::time::advance(Duration::from_millis(1060)).await;
        ledger.ended(call, failed(true));
        assert_eq!(ledger.balance().late, 1);
        ledger.starved(Duration::from_millis(20));
        assert!(ledger.balance().balances());
    }
}
