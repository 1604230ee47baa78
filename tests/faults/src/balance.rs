//! Compares the sent requests with those that ran: checks each guarantee for each request, and lists the events of each
//! violation.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use tokio::time::Instant;

use crate::ledger::{Book, Ends, Entry, Ledger, Outcome, Replay};

/// How much later than its deadline a call may end.
pub const LATENESS: Duration = Duration::from_millis(50);
/// A loss explains only requests that were accepted within this time before it. An older request cannot still wait in a
/// queue: no fault keeps the servers from working for more than 4 s, and after that they need up to 10 s for the backlog.
const BACKLOG: Duration = Duration::from_secs(20);
/// A story begins with the events from this long before its request was sent.
const PRELUDE: Duration = Duration::from_secs(5);
/// The reason for requests that a server has left in doubt.
const DOUBTED: &str = "named in a server's log";

/// A broken promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// A request ran more than once.
    RunTwice,
    /// An accepted cast never began, and no loss explains it.
    Lost,
    /// A request ran although its error said that it had not.
    Denied,
    /// A call succeeded without having been done.
    Unearned,
    /// A call got a reply to something else.
    Wrong,
    /// A call ended too late.
    Late,
    /// A request never ended.
    Unended,
}

impl Breach {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::RunTwice,
        Self::Lost,
        Self::Denied,
        Self::Unearned,
        Self::Wrong,
        Self::Late,
        Self::Unended,
    ];

    /// What happened to the request.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::RunTwice => "run more than once",
            Self::Lost => "accepted and lost",
            Self::Denied => "run although its error denies it",
            Self::Unearned => "answered and not done",
            Self::Wrong => "answered with something else",
            Self::Late => "ended after its deadline",
            Self::Unended => "never ended",
        }
    }

    /// Whether this library is responsible for the promise, with these ends.
    fn is_ours(self, ends: Ends) -> bool {
        match self {
            Self::RunTwice | Self::Lost | Self::Denied | Self::Unearned => {
                ends.clients && ends.servers
            }
            Self::Wrong | Self::Late | Self::Unended => ends.clients,
        }
    }
}

/// The result of a ledger.
#[derive(Debug, Default, Clone)]
pub struct Balance {
    /// Calls and casts that succeeded.
    pub ok: [u64; 2],
    /// Calls and casts that failed, by kind of error.
    pub failed: [BTreeMap<&'static str, u64>; 2],
    /// Accepted casts that were lost and that a known loss explains, by loss.
    pub excused: BTreeMap<String, u64>,
    /// Requests that ran again for a reason that the library cannot prevent, by reason.
    pub replayed: BTreeMap<String, u64>,
    /// The broken promises, and how often each was broken.
    pub breaches: BTreeMap<Breach, u64>,
    /// The greatest lateness of a call.
    pub latest: Duration,
    /// For how long the clients had no processor meanwhile.
    pub starved: Duration,
    /// The story of each request that broke a promise of this library.
    pub stories: Vec<String>,
}

impl Ledger {
    /// Adds everything up. Call it when no request is in flight.
    #[must_use]
    pub fn balance(&self) -> Balance {
        let book = self.book();
        let mut balance = Balance::default();
        let mut left: Vec<usize> = book.losses.iter().map(|loss| loss.most).collect();
        for (number, entry) in &book.entries {
            balance.count(entry);
            let Err(breach) = self.judge(&book, entry, &mut left, &mut balance) else {
                continue;
            };
            *balance.breaches.entry(breach).or_default() += 1;
            if breach.is_ours(self.ends) {
                balance
                    .stories
                    .push(self.story(&book, *number, entry, breach));
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
    ) -> Result<(), Breach> {
        if entry.begun.len() > 1 {
            let first = entry.begun.iter().map(|begun| begun.0).min();
            let within = |replay: &&Replay| {
                first.is_some_and(|first| replay.from <= first && first <= replay.to)
            };
            let replay = book.replays.iter().find(within);
            let what = replay.ok_or(Breach::RunTwice)?.what.clone();
            *balance.replayed.entry(what).or_default() += 1;
        }
        let (ended, outcome) = entry.ended.as_ref().ok_or(Breach::Unended)?;
        match outcome {
            Outcome::Failed {
                may_have_run: false,
                ..
            } if !entry.begun.is_empty() => {
                return Err(Breach::Denied);
            }
            Outcome::Wrong => return Err(Breach::Wrong),
            Outcome::Ok if entry.call && entry.done.is_empty() => return Err(Breach::Unearned),
            Outcome::Ok if !entry.call && entry.begun.is_empty() => {
                let what = if entry.doubted.is_empty() {
                    let loss = book.losses.iter().zip(left).find(|(loss, left)| {
                        **left > 0 && entry.sent <= loss.to && *ended + BACKLOG >= loss.from
                    });
                    let (loss, left) = loss.ok_or(Breach::Lost)?;
                    *left -= 1;
                    &loss.what
                } else {
                    DOUBTED
                };
                *balance.excused.entry(what.to_owned()).or_default() += 1;
            }
            Outcome::Ok | Outcome::Failed { .. } => {}
        }
        if entry.call {
            let deadline = entry.sent + self.timeout;
            let late = ended.saturating_duration_since(deadline);
            let starved = book.starved_between(deadline, *ended);
            balance.note_latest(late, starved);
            if late > LATENESS + starved {
                return Err(Breach::Late);
            }
        }
        Ok(())
    }

    fn story(&self, book: &Book, number: u64, entry: &Entry, breach: Breach) -> String {
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
        let near = |at: Instant| at + PRELUDE >= entry.sent && at <= last + BACKLOG;
        let events = book.events.iter().filter(|event| near(event.0));
        lines.extend(events.map(|(at, what)| (*at, format!("    -- {what}"))));
        lines.sort_by_key(|line| line.0);
        let mut story = format!("{what} {number} was {}:", breach.text());
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

    /// How often a promise was broken.
    #[must_use]
    pub fn count_of(&self, breach: Breach) -> u64 {
        self.breaches.get(&breach).copied().unwrap_or_default()
    }

    fn count(&mut self, entry: &Entry) {
        let at = usize::from(!entry.call);
        match (&entry.ended, self.ok.get_mut(at), self.failed.get_mut(at)) {
            (Some((_, Outcome::Ok)), Some(ok), _) => *ok += 1,
            (Some((_, Outcome::Failed { kind, .. })), _, Some(failed)) => {
                *failed.entry(kind).or_default() += 1;
            }
            _ => {}
        }
    }

    fn note_latest(&mut self, late: Duration, starved: Duration) {
        if late > self.latest {
            (self.latest, self.starved) = (late, starved);
        }
    }

    /// Adds the balance of another block.
    pub fn add(&mut self, other: Self) {
        for (sum, part) in self.ok.iter_mut().zip(other.ok) {
            *sum += part;
        }
        for (sum, part) in self.failed.iter_mut().zip(other.failed) {
            for (kind, count) in part {
                *sum.entry(kind).or_default() += count;
            }
        }
        for (sum, part) in [
            (&mut self.excused, other.excused),
            (&mut self.replayed, other.replayed),
        ] {
            for (what, count) in part {
                *sum.entry(what).or_default() += count;
            }
        }
        for (breach, count) in other.breaches {
            *self.breaches.entry(breach).or_default() += count;
        }
        self.note_latest(other.latest, other.starved);
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
        let ledger = Ledger::open(Duration::from_secs(10), 100, Ends::OURS);
        let call = ledger.sent(true);
        ledger.begun(call, 1);
        ledger.done(call, 1);
        ledger.ended(call, Outcome::Ok);
        let cast = ledger.sent(false);
        ledger.ended(cast, Outcome::Ok);
        assert_eq!(ledger.open_items(), (0, 1));
        let now = Instant::now();
        assert_eq!(ledger.under_way_since(now), 1);
        assert_eq!(ledger.under_way_since(now + Duration::from_millis(1)), 0);
        assert_eq!(ledger.balance().count_of(Breach::Lost), 1);
        ledger.begun(cast, 1);
        assert!(ledger.balance().balances());
        let failing = ledger.sent(false);
        ledger.ended(failing, failed(false));
        assert!(ledger.balance().balances());
        ledger.begun(failing, 1);
        assert_eq!(ledger.balance().count_of(Breach::Denied), 1);
        ledger.ended(failing, failed(true));
        assert!(ledger.balance().balances());
        let doubtful = ledger.sent(false);
        ledger.ended(doubtful, Outcome::Ok);
        ledger.doubted(doubtful, 1);
        assert_eq!(ledger.balance().excused[DOUBTED], 1);
        ledger.ended(call, Outcome::Wrong);
        assert_eq!(ledger.balance().count_of(Breach::Wrong), 1);
        ledger.ended(call, Outcome::Ok);
        ledger.begun(call, 2);
        let balance = ledger.balance();
        assert_eq!(
            (balance.count_of(Breach::RunTwice), balance.ok),
            (1, [1, 2])
        );
        assert!(
            balance.stories[0].contains("begun by server 2"),
            "{}",
            balance.stories[0]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_loss_excuses_at_most_its_count_and_nothing_later() {
        let ledger = Ledger::open(Duration::from_secs(10), 0, Ends::OURS);
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
        assert_eq!(
            (balance.excused["queue"], balance.count_of(Breach::Lost)),
            (2, 2)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_replay_excuses_requests_that_began_in_its_time() {
        let ledger = Ledger::open(Duration::from_secs(10), 0, Ends::OURS);
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
        assert_eq!(
            (balance.count_of(Breach::RunTwice), balance.replayed["disk"]),
            (1, 1)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_late_unless_the_machine_was() {
        let ledger = Ledger::open(Duration::from_secs(1), 0, Ends::OURS);
        let call = ledger.sent(true);
        assert_eq!(ledger.balance().count_of(Breach::Unended), 1);
        // What the machine did before the deadline is no excuse.
        ledger.starved(Duration::ZERO);
        tokio::time::advance(Duration::from_millis(990)).await;
        ledger.starved(Duration::from_millis(300));
        tokio::time::advance(Duration::from_millis(70)).await;
        ledger.ended(call, failed(true));
        assert_eq!(ledger.balance().count_of(Breach::Late), 1);
        assert!(!ledger.balance().balances());
        tokio::time::advance(Duration::from_millis(1)).await;
        ledger.starved(Duration::from_millis(320));
        assert!(ledger.balance().balances());
        assert_eq!(ledger.balance().starved, Duration::from_millis(20));
    }
}
