//! The ledger: what was sent, what came of it, and what was run.
//!
//! Plain values behind one lock. It knows nothing of the library that is tested, nor of the broker.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How a request ended for whoever sent it.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A reply, or the broker's word that it has it.
    Ok,
    /// A reply to something else.
    Wrong,
    /// An error.
    Failed {
        /// What it says.
        error: String,
        /// Which kind of error, for counting.
        kind: &'static str,
        /// Whether it says that the request may have been run.
        may_have_run: bool,
    },
}

/// Which ends are this library's; the others are oslo.messaging's, and their promises are not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The clients.
    pub clients: bool,
    /// The servers.
    pub servers: bool,
}

impl Ends {
    /// This library's on both sides.
    pub const OURS: Self = Self {
        clients: true,
        servers: true,
    };
}

/// One request.
#[derive(Debug, Clone)]
pub struct Entry {
    /// A call; else a cast.
    pub call: bool,
    /// When it was sent.
    pub sent: Instant,
    /// When it ended, and how.
    pub ended: Option<(Instant, Outcome)>,
    /// When it was begun, and by which server process.
    pub begun: Vec<(Instant, u32)>,
    /// When it was done, and by which.
    pub done: Vec<(Instant, u32)>,
    /// When it was left by a server that could not tell whether the broker had its acknowledgement, and by
    /// which: it says so in its log.
    pub doubted: Vec<(Instant, u32)>,
}

/// Something that takes requests along which were accepted and not begun.
#[derive(Debug, Clone)]
pub struct Loss {
    /// What happened.
    pub what: String,
    /// From when.
    pub from: Instant,
    /// Until when.
    pub to: Instant,
    /// How many requests it may take along.
    pub most: usize,
}

/// A broker that may hand out again what was acknowledged in its last moments.
#[derive(Debug, Clone)]
pub struct Replay {
    /// What happened.
    pub what: String,
    /// What was begun from then on.
    pub from: Instant,
    /// And until then.
    pub to: Instant,
}

/// What is written in a ledger.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) entries: BTreeMap<u64, Entry>,
    pub(crate) losses: Vec<Loss>,
    pub(crate) replays: Vec<Replay>,
    pub(crate) events: Vec<(Instant, String)>,
    /// When the scheduler of the clients was late, and by how much.
    pub(crate) starved: Vec<(Instant, Duration)>,
}

/// All that is known of the requests of one block of faults.
#[derive(Debug)]
pub struct Ledger {
    pub(crate) opened: Instant,
    /// Of the calls.
    pub(crate) timeout: Duration,
    pub(crate) ends: Ends,
    next: AtomicU64,
    book: Mutex<Book>,
}

impl Ledger {
    /// An empty ledger, for calls with this timeout, whose first number is `first`.
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
        // No section can stop half-way.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(&self, number: u64, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.book().entries.get_mut(&number) {
            change(entry);
        }
    }

    /// Notes a request that is about to be sent; gives its number.
    pub fn sent(&self, call: bool) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.sent_as(number, call);
        number
    }

    /// Notes a request that is about to be sent by whoever gave it its number.
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

    /// Notes how a request ended for its sender.
    pub fn ended(&self, number: u64, outcome: Outcome) {
        let now = Instant::now();
        self.with(number, |entry| entry.ended = Some((now, outcome)));
    }

    /// Notes that a server has begun it.
    pub fn begun(&self, number: u64, server: u32) {
        let now = Instant::now();
        self.with(number, |entry| entry.begun.push((now, server)));
    }

    /// Notes that a server is done with it.
    pub fn done(&self, number: u64, server: u32) {
        let now = Instant::now();
        self.with(number, |entry| entry.done.push((now, server)));
    }

    /// Notes that a server has left it, in doubt about its acknowledgement.
    pub fn doubted(&self, number: u64, server: u32) {
        let now = Instant::now();
        self.with(number, |entry| entry.doubted.push((now, server)));
    }

    /// How many requests a server has begun, and not done.
    #[must_use]
    pub fn unfinished(&self, server: u32) -> usize {
        let by = |list: &[(Instant, u32)]| list.iter().any(|(_, by)| *by == server);
        let book = self.book();
        let unfinished = book
            .entries
            .values()
            .filter(|entry| by(&entry.begun) && !by(&entry.done));
        unfinished.count()
    }

    /// How many requests a server has begun.
    #[must_use]
    pub fn begun_by(&self, server: u32) -> usize {
        let by = |entry: &&Entry| entry.begun.iter().any(|(_, by)| *by == server);
        self.book().entries.values().filter(by).count()
    }

    /// The requests that were begun more than once.
    #[must_use]
    pub fn begun_again(&self) -> Vec<u64> {
        let book = self.book();
        let again = book
            .entries
            .iter()
            .filter(|(_, entry)| entry.begun.len() > 1);
        again.map(|(number, _)| *number).collect()
    }

    /// How many casts were on their way to the broker at some time from then on until now.
    #[must_use]
    pub fn under_way_since(&self, from: Instant) -> usize {
        let then =
            |entry: &&Entry| !entry.call && entry.ended.as_ref().is_none_or(|end| end.0 >= from);
        self.book().entries.values().filter(then).count()
    }

    /// Notes what takes requests along.
    pub fn loss(&self, loss: Loss) {
        self.book().losses.push(loss);
    }

    /// Notes what lets requests run again.
    pub fn replay(&self, replay: Replay) {
        self.book().replays.push(replay);
    }

    /// Notes something for the stories.
    pub fn event(&self, what: impl Into<String>) {
        self.book().events.push((Instant::now(), what.into()));
    }

    /// Notes that the clients' scheduler was late.
    pub fn starved(&self, by: Duration) {
        self.book().starved.push((Instant::now(), by));
    }

    /// How many requests have not ended, and how many accepted casts have not begun.
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
