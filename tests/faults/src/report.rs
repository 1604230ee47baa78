//! The figures of a run, as text and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::balance::{Balance, Breach};
use crate::fault::Kind;
use crate::heap::Heap;

/// The greatest number of stories in a report.
const STORIES: usize = 20;
/// The allowed change of allocated memory between blocks, for the figures of the run itself and for tasks of the
/// laboratory that are about to end. A leaked connection would have 8 MB.
const HEAP_SLACK: usize = 512 * 1024;

/// The results of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// The seed, with which the run can be repeated.
    pub seed: u64,
    /// Whether both ends were this library's. If so, recoveries and leaks are checked, too.
    pub ours: bool,
    /// The number of faults.
    pub faults: usize,
    /// How long it took.
    pub took: Duration,
    /// The balance of all requests.
    pub balance: Balance,
    /// For each kind of fault, how long it took until all clients reached all servers.
    pub recoveries: BTreeMap<Kind, Vec<Duration>>,
    /// Faults after which not everything worked again in time.
    pub stuck: Vec<String>,
    /// Resources of which there were more at the end than at the beginning.
    pub leaks: Vec<String>,
    /// Memory of the servers, in KiB, at the beginning and at the end of each block.
    pub server_memory: Vec<(u64, u64)>,
    /// Memory of the clients' process, in KiB, at the beginning and at the end of each block.
    pub own_memory: Vec<(u64, u64)>,
    /// The allocated memory of the clients' process after each block, when everything was closed. Empty if it is not
    /// counted.
    pub heap: Vec<Heap>,
}

impl Report {
    /// Records the allocated memory after a block. More than after the first block is a leak.
    pub(crate) fn note_heap(&mut self, heap: Heap) {
        self.heap.push(heap);
        if let Some(first) = self.heap.first()
            && heap.bytes > first.bytes + HEAP_SLACK
        {
            let after = self.heap.len();
            self.leaks.push(format!(
                "allocated: {first} after the first block, {heap} after {after}"
            ));
        }
    }

    /// Whether every promise was kept.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let left = self.ours && !(self.stuck.is_empty() && self.leaks.is_empty());
        self.balance.balances() && !left
    }

    /// The head of a table of [`Report::line`]s, in Markdown.
    pub const HEAD: &str = "| fault | times | recovered after, median and worst | calls: ok, failed | \
        casts: ok, failed | run twice | accepted and lost | late, at most | left behind |\n\
        | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

    /// The figures of a run with only this kind, as a line of a table.
    #[must_use]
    pub fn line(&self, kind: Kind) -> String {
        let Balance {
            ok: [calls, casts],
            failed,
            excused,
            replayed,
            latest,
            ..
        } = &self.balance;
        let all = |counts: &BTreeMap<_, u64>| counts.values().sum::<u64>();
        let [calls_failed, casts_failed] = failed.each_ref().map(all);
        let recovery = self
            .recoveries
            .get(&kind)
            .map(|times| median_and_worst(times));
        let recovery = match recovery {
            Some((median, worst)) => {
                format!("{} ms, {} ms", milliseconds(median), milliseconds(worst))
            }
            None => "never".to_owned(),
        };
        let stuck = match self.stuck.len() {
            0 => String::new(),
            times => format!(", {times} times not within 30 s"),
        };
        let twice = self.balance.count_of(Breach::RunTwice) + replayed.values().sum::<u64>();
        let lost = self.balance.count_of(Breach::Lost) + excused.values().sum::<u64>();
        let late = self.balance.count_of(Breach::Late);
        format!(
            "| {kind} | {} | {recovery}{stuck} | {calls}, {calls_failed} | {casts}, {casts_failed} | \
             {twice} | {lost} | {late}, {} ms | {} |",
            self.faults,
            milliseconds(*latest),
            self.leaks.join("; ")
        )
    }

    /// All figures, as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let recoveries: serde_json::Map<String, Value> = self
            .recoveries
            .iter()
            .map(|(kind, times)| {
                let (median, worst) = median_and_worst(times);
                let figures = json!({
                    "count": times.len(),
                    "median_ms": milliseconds(median),
                    "worst_ms": milliseconds(worst),
                });
                (kind.name().to_owned(), figures)
            })
            .collect();
        let balance = &self.balance;
        let breaches: serde_json::Map<String, Value> = Breach::ALL
            .into_iter()
            .map(|breach| (breach.text().to_owned(), balance.count_of(breach).into()))
            .collect();
        json!({
            "seed": self.seed,
            "faults": self.faults,
            "seconds": self.took.as_secs_f64(),
            "balances": self.is_good(),
            "calls": { "ok": balance.ok[0], "failed": balance.failed[0] },
            "casts": { "ok": balance.ok[1], "failed": balance.failed[1] },
            "excused": balance.excused,
            "replayed": balance.replayed,
            "breaches": breaches,
            "latest_ms": milliseconds(balance.latest),
            "latest_without_processor_ms": milliseconds(balance.starved),
            "recoveries": recoveries,
            "stuck": self.stuck,
            "leaks": self.leaks,
            "server_memory_kib": self.server_memory,
            "own_memory_kib": self.own_memory,
            "heap_kib": self.heap.iter().map(|heap| heap.bytes / 1024).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Balance {
            ok,
            failed,
            excused,
            replayed,
            breaches: _,
            latest,
            starved,
            stories,
        } = &self.balance;
        for story in stories.iter().take(STORIES) {
            writeln!(f, "{story}\n")?;
        }
        if stories.len() > STORIES {
            writeln!(f, "and {} more\n", stories.len() - STORIES)?;
        }
        let seconds = self.took.as_secs();
        writeln!(
            f,
            "seed {}: {} faults in {seconds} s",
            self.seed, self.faults
        )?;
        for ((what, ok), failed) in ["calls", "casts"].iter().zip(ok).zip(failed) {
            writeln!(f, "{what}: {ok} ok, failed {failed:?}")?;
        }
        writeln!(f, "accepted and lost with what was destroyed: {excused:?}")?;
        writeln!(f, "run again by what the broker forgot: {replayed:?}")?;
        for breach in Breach::ALL {
            writeln!(f, "{}: {}", breach.text(), self.balance.count_of(breach))?;
        }
        writeln!(
            f,
            "latest end {latest:?} after its deadline (the clients had no processor for {starved:?} of that)"
        )?;
        writeln!(
            f,
            "{:24}{:>6}{:>11}{:>11}",
            "recovery", "count", "median ms", "worst ms"
        )?;
        for (kind, times) in &self.recoveries {
            let (median, worst) = median_and_worst(times);
            let (median, worst) = (milliseconds(median), milliseconds(worst));
            writeln!(f, "{kind:24}{:>6}{median:>11}{worst:>11}", times.len())?;
        }
        for stuck in &self.stuck {
            writeln!(f, "STUCK {stuck}")?;
        }
        for leak in &self.leaks {
            writeln!(f, "LEAK {leak}")?;
        }
        writeln!(
            f,
            "memory of the servers by block, KiB: {:?}",
            self.server_memory
        )?;
        writeln!(
            f,
            "memory of the clients by block, KiB: {:?}",
            self.own_memory
        )?;
        let heap = self.heap.iter().map(|heap| heap.bytes / 1024);
        writeln!(
            f,
            "allocated in the clients' process after each block, all closed, KiB: {:?}",
            heap.collect::<Vec<_>>()
        )?;
        if self.is_good() {
            write!(f, "the ledger balances")
        } else {
            write!(
                f,
                "THE LEDGER DOES NOT BALANCE: repeat with --seed {}",
                self.seed
            )
        }
    }
}

fn median_and_worst(times: &[Duration]) -> (Duration, Duration) {
    let mut times = times.to_vec();
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    (median, times.last().copied().unwrap_or_default())
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
