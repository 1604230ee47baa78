//! The ledger: the requests that were sent, how they ended, and which ran.
//!
//! Plain values behind one lock. It does not depend on the tested library or the broker.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How a request ended for its sender.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A reply, or the broker's confirm.
    Ok,
    /// A reply to something else.
    Wrong,
    /// An error.
    Failed {
        /// The text of the error.
        error: String,
        /// The kind of the error, for counts.
        kind: &'static str,
        /// Whether the error says that the request may have run.
        may_have_run: bool,
    },
}

/// The ends that are this library's. The others are oslo.messaging's, and their promises are not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The clients.
    pub clients: bool,
    /// The servers.
    pub servers: bool,
}

impl Ends {
    /// This library on both sides.
    pub const OURS: Self = Self {
        clients: true,
        servers: true,
    };
}

/// One request.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Whether it is a call. Otherwise it is a cast.
    pub call: bool,
    /// When it was sent.
    pub sent: Instant,
    /// When it ended, and how.
    pub ended: Option<(Instant, Outcome)>,
    /// When it began, and in which server process.
    pub begun: Vec<(Instant, u32)>,
    /// When it was done, and in which server process.
    pub done: Vec<(Instant, u32)>,
    /// When a server left it, since the broker may not have had its acknowledgement, and which server did. That is in
    /// the server's log.
    pub doubted: Vec<(Instant, u32)>,
}

/// An event that loses requests that were accepted and had not begun.
#[derive(Debug, Clone)]
pub struct Loss {
    /// What happened.
    pub what: String,
    /// The beginning.
    pub from: Instant,
    /// The end.
    pub to: Instant,
    /// The greatest number of requests that it may lose.
    pub most: usize,
}

/// A broker that may deliver again the requests that were acknowledged in its last moments.
#[derive(Debug, Clone)]
pub struct Replay {
    /// What happened.
    pub what: String,
    /// Requests that began from this moment on may come again.
    pub from: Instant,
    /// Requests that began until this moment may come again.
    pub to: Instant,
}

/// The contents of a ledger.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) entries: BTreeMap<u64, Entry>,
    pub(crate) losses: Vec<Loss>,
    pub(crate) replays: Vec<Replay>,
    pub(crate) events: Vec<(Instant, String)>,
    /// Samples of the total time for which the clients had no processor (`starvation.rs`).
    pub(crate) starved: Vec<(Instant, Duration)>,
}

impl Book {
    /// For how long the clients had no processor between these moments, by the nearest samples around them.
    pub(crate) fn starved_between(&self, from: Instant, to: Instant) -> Duration {
        let after_from = self.starved.partition_point(|sample| sample.0 <= from);
        let from_to = self.starved.partition_point(|sample| sample.0 < to);
        let before = after_from
            .checked_sub(1)
            .and_then(|at| self.starved.get(at));
        let after = self.starved.get(from_to).or(self.starved.last());
        match (before.or(self.starved.first()), after) {
            (Some(before), Some(after)) => after.1.saturating_sub(before.1),
            _ => Duration::ZERO,
        }
    }
}

/// The record of the requests of one block of faults.
#[derive(Debug)]
pub struct Ledger {
    pub(crate) opened: Instant,
    /// The timeout of the calls.
    pub(crate) timeout: Duration,
    pub(crate) ends: Ends,
    next: AtomicU64,
    book: Mutex<Book>,
}

impl Ledger {
    /// An empty ledger for calls with this timeout. The first request has the number `first`.
    #[must_use]
    pub fn open(timeout: Duration, first: u64, ends: Ends) -> Self {
        Self {
            opened: Instant::now(),
            timeout,
            ends,
            next: AtomicU64::new(first),
            book: Mutex::default(),
        }
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        // A panic cannot leave the contents inconsistent.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(&self, number: u64, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.book().entries.get_mut(&number) {
            change(entry);
        }
    }

    /// Records a request that is about to be sent. Returns its number.
    pub fn sent(&self, call: bool) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.sent_as(number, call);
        number
    }

    /// Records a request that is about to be sent, with a number that its sender has chosen.
    pub fn sent_as(&self, number: u64, call: bool) {
        let entry = Entry {
            call,
            sent: Instant::now(),
            ended: None,
            begun: Vec::new(),
            done: Vec::new(),
            doubted: Vec::new(),
        };
        self.book().entries.insert(number, entry);
    }

    /// Records how a request ended for its sender.
    pub fn ended(&self, number: u64, outcome: Outcome) {
        let now = Instant::now();
        self.with(number, |entry| entry.ended = Some((now, outcome)));
    }

    /// Records that a server has begun the request.
    pub fn begun(&self, number: u64, server: u32) {
        let now = Instant::now();
        self.with(number, |entry| entry.begun.push((now, server)));
    }

    /// Records that a server has done the request.
    pub fn done(&self, number: u64, server: u32) {
        let now = Instant::now();
        self.with(number, |entry| entry.done.push((now, server)));
    }

    /// Records that a server has left the request, in doubt about its acknowledgement.
    pub fn doubted(&self, number: u64, server: u32) {
        let now = Instant::now();
        self.with(number, |entry| entry.doubted.push((now, server)));
    }

    /// The number of requests that a server has begun and not done.
    fn unfinished(&self, server: u32) -> usize {
        let by = |list: &[(Instant, u32)]| list.iter().any(|(_, by)| *by == server);
        let book = self.book();
        let unfinished = book
            .entries
            .values()
            .filter(|entry| by(&entry.begun) && !by(&entry.done));
        unfinished.count()
    }

    /// The number of requests that a server has begun.
    #[must_use]
    pub fn begun_by(&self, server: u32) -> usize {
        let by = |entry: &&Entry| entry.begun.iter().any(|(_, by)| *by == server);
        self.book().entries.values().filter(by).count()
    }

    /// The number of casts that were in flight to the broker at some time since `from`.
    #[must_use]
    pub fn under_way_since(&self, from: Instant) -> usize {
        let then =
            |entry: &&Entry| !entry.call && entry.ended.as_ref().is_none_or(|end| end.0 >= from);
        self.book().entries.values().filter(then).count()
    }

    /// Records a loss.
    pub fn loss(&self, loss: Loss) {
        self.book().losses.push(loss);
    }

    /// Records that a server was killed between `from` and now. It loses the requests that it had taken and not begun. It
    /// takes no more requests than it may run, `concurrency`.
    pub fn server_killed(&self, server: u32, concurrency: usize, from: Instant) {
        self.loss(Loss {
            what: "taken by a killed server".to_owned(),
            from,
            to: Instant::now(),
            most: concurrency.saturating_sub(self.unfinished(server)),
        });
    }

    /// Records a reason for requests to run again.
    pub fn replay(&self, replay: Replay) {
        self.book().replays.push(replay);
    }

    /// Records an event for the stories.
    pub fn event(&self, what: impl Into<String>) {
        self.book().events.push((Instant::now(), what.into()));
    }

    /// Records for how long the clients have had no processor until now, in total.
    pub fn starved(&self, total: Duration) {
        self.book().starved.push((Instant::now(), total));
    }

    /// The number of requests that have not ended, and of accepted casts that have not begun.
    #[must_use]
    pub fn open_items(&self) -> (usize, usize) {
        let book = self.book();
        let unended = book.entries.values().filter(|entry| entry.ended.is_none());
        let waiting = book.entries.values().filter(|entry| {
            !entry.call
                && entry.begun.is_empty()
                && entry.doubted.is_empty()
                && matches!(entry.ended, Some((_, Outcome::Ok)))
        });
        (unended.count(), waiting.count())
    }
}
