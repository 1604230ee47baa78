//! The next call after all connections are lost. Both ends go through a proxy that cuts them, and refuses connections
//! for a while.
//!
//! The comparison is with oslo.messaging only: the contenders by hand do not recover.

use std::fmt::Write;
use std::thread::sleep;
use std::time::Duration;

use rpc_faults::proxy::End;
use tokio::time::Instant;

use crate::Result;
use crate::contender::Contender;
use crate::goals::{Aim, Goal};
use crate::options::Options;
use crate::pair::Proxied;
use crate::part::Section;
use crate::samples::Samples;

/// How long the broker is out of reach, and how often that is measured at most.
const ABSENCES: [(Duration, usize); 2] =
    [(Duration::ZERO, usize::MAX), (Duration::from_secs(5), 3)];
const SHORT_ABSENCES: [(Duration, usize); 2] =
    [(Duration::ZERO, 1), (Duration::from_millis(200), 1)];
/// How long to wait until the cut is visible. New connections may come so fast that it never is.
const CUT: Duration = Duration::from_millis(50);

/// The figures of one recovery.
struct Recovery {
    /// The time from the moment at which the broker can be reached again to the reply, in milliseconds.
    took: f64,
    /// The number of calls that failed before.
    failures: f64,
}

pub(crate) fn measure(options: &Options) -> Result<Section> {
    let absences = if options.short {
        SHORT_ABSENCES
    } else {
        ABSENCES
    };
    let mut benches = Vec::new();
    for contender in options.contenders().filter(|contender| recovers(contender)) {
        benches.push(Proxied::start(contender)?);
    }
    let mut samples = Samples::new();
    for (absence, most) in absences {
        for round in 1..=options.rounds.min(most) {
            eprintln!("-- broker away for {absence:?}, {round}");
            for bench in &mut benches {
                let name = bench.pair.contender().name;
                let recovery = recover(bench, absence)
                    .map_err(|error| format!("{name}, after {absence:?}: {error}"))?;
                samples.add((absence, name), recovery);
            }
        }
    }
    let mut text = "\n| | | times | ms until the next reply: median | least | most | calls that failed, at most |\n\
                    |---|---|---:|---:|---:|---:|---:|\n"
        .to_owned();
    let mut goals = Vec::new();
    for (absence, most) in absences {
        let times = options.rounds.min(most);
        let away = if absence.is_zero() {
            "connections cut".to_owned()
        } else {
            format!("cut, after {absence:?} without a broker")
        };
        for contender in options.contenders() {
            let cell = (absence, contender.name);
            let took = |recovery: &Recovery| recovery.took;
            let (Some(median), Some((least, most)), Some((_, failures))) = (
                samples.median(&cell, took),
                samples.range(&cell, took),
                samples.range(&cell, |recovery| recovery.failures),
            ) else {
                continue;
            };
            writeln!(
                text,
                "| {away} | {} | {times} | {median:.1} | {least:.1} | {most:.1} | {failures} |",
                contender.title
            )?;
        }
        let ratio = samples.ratio(&(absence, "ours"), &(absence, "oslo"), |one| one.took);
        goals.extend(ratio.map(|figure| Goal {
            what: format!("next call, {away}: ours / oslo"),
            figure,
            aim: Aim::None,
        }));
    }
    Ok(Section {
        text,
        goals,
        ..Section::default()
    })
}

fn recovers(contender: &Contender) -> bool {
    matches!(contender.name, "ours" | "oslo")
}

/// Cuts all connections, refuses new ones for a while, and waits for the reply to a call that is made meanwhile.
fn recover(bench: &mut Proxied, absence: Duration) -> Result<Recovery> {
    let Proxied { pair, proxy, .. } = bench;
    pair.again()?;
    let open = proxy.open();
    proxy.refuse(!absence.is_zero());
    let cut = Instant::now();
    proxy.end(End::Reset);
    // The call must begin after the cut.
    while proxy.open() >= open && cut.elapsed() < CUT {
        std::thread::yield_now();
    }
    pair.begin_again()?;
    sleep(absence.saturating_sub(cut.elapsed()));
    let back = Instant::now();
    proxy.refuse(false);
    let failures = pair.end_again()?;
    let since = if absence.is_zero() { cut } else { back };
    Ok(Recovery {
        took: since.elapsed().as_secs_f64() * 1e3,
        failures,
    })
}
