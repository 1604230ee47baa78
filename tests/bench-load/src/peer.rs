//! The protocol of a contender's processes with the driver: lines on standard input and output, one reply for each command.
//!
//! Both print `ready ADDRESS` first. A client gets the command `call CALLERS MILLISECONDS [BYTES]` (or `cast …`) and
//! replies `requests seconds median p99 all`: the latencies are in microseconds, and `all` is the number of its requests
//! since it began. At the command `again`, it calls until a call succeeds, and replies how many calls failed. A server gets
//! the command `handled` and replies the number of requests that it has handled.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::Result;
use crate::load::{self, Client, Kind, Seen};

/// The number of requests that a server has handled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handled(Arc<AtomicU64>);

impl Handled {
    pub(crate) fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Replies to the driver until the driver closes its end.
pub(crate) async fn serve(address: &str, handled: Handled) -> Result<()> {
    say(&format!("ready {address}"))?;
    while line().await?.is_some() {
        say(&handled.0.load(Ordering::Relaxed).to_string())?;
    }
    Ok(())
}

/// Loads the server as the driver orders, until the driver closes its end.
pub(crate) async fn drive<C: Client>(client: C) -> Result<()> {
    // A first call opens the connection, declares the queues and makes the first allocations, which are not measured.
    let mut all = 0;
    for callers in [1, 16] {
        let seen = load::run(
            &client,
            Kind::Call,
            callers,
            Duration::from_millis(100),
            load::BYTES,
        )
        .await?;
        all += seen.latencies.len();
    }
    say("ready -")?;
    while let Some(line) = line().await? {
        if line.trim() == "again" {
            say(&again(&client).await.to_string())?;
            all += 1;
            continue;
        }
        let mut words = line.split_whitespace();
        let (Some(kind), Some(callers), Some(each)) = (words.next(), words.next(), words.next())
        else {
            return Err(format!("cannot do {line:?}").into());
        };
        let each = Duration::from_millis(each.parse()?);
        let bytes = words.next().map_or(Ok(load::BYTES), str::parse)?;
        let seen = load::run(&client, kind.parse()?, callers.parse()?, each, bytes).await?;
        all += seen.latencies.len();
        say(&told(seen, all))?;
    }
    Ok(())
}

/// Calls until a call succeeds. Returns how many have failed.
async fn again<C: Client>(client: &C) -> u32 {
    let argument = load::argument(load::BYTES);
    let mut failures = 0;
    while let Err(error) = client.call_through(&argument).await {
        eprintln!("a call has failed: {error}");
        failures += 1;
        // Calls that fail at once must not keep the machine busy.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    failures
}

fn told(mut seen: Seen, all: usize) -> String {
    seen.latencies.sort_unstable();
    let at = |percent: usize| {
        let index = seen.latencies.len() * percent / 100;
        let latency = seen.latencies.get(index).copied().unwrap_or_default();
        latency.as_secs_f64() * 1e6
    };
    let requests = seen.latencies.len();
    let seconds = seen.took.as_secs_f64();
    format!("{requests} {seconds} {} {} {all}", at(50), at(99))
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// The driver's next line.
async fn line() -> Result<Option<String>> {
    let read = || {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    };
    let line = tokio::task::spawn_blocking(read).await??;
    Ok(Some(line).filter(|line| !line.is_empty()))
}
