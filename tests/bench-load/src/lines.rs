//! Both ends far from the broker: a proxy makes the line to it long, uneven, or lossy.
//!
//! The comparison is with oslo.messaging only. The contenders by hand differ from this library only in the number of
//! round trips.

use std::fmt::Write;
use std::time::Duration;

use rpc_faults::proxy::{Flow, Line};

use crate::Result;
use crate::contender::Contender;
use crate::goals::{Aim, Goal};
use crate::load::{self, Kind};
use crate::options::Options;
use crate::pair::{self, Order, Proxied};
use crate::part::Section;
use crate::samples::{Sample, Samples};

/// The number of callers. Each sends its next request when the last one has ended.
const CALLERS: usize = 64;
/// The least number of round trips for which a line is loaded.
const ROUND_TRIPS: u32 = 12;
/// The greatest number of measurements of a line.
const MOST_ROUNDS: usize = 2;

/// A line, by its name in the table.
#[derive(Debug, Clone, Copy)]
struct Far {
    name: &'static str,
    line: Line,
}

const fn far(name: &'static str, delay: Duration, jitter: Duration, loss: u8) -> Far {
    Far {
        name,
        line: Line {
            delay,
            jitter,
            loss,
        },
    }
}

const LINES: [Far; 8] = [
    far("1 ms", Duration::from_micros(500), Duration::ZERO, 0),
    far("20 ms", Duration::from_millis(10), Duration::ZERO, 0),
    far("100 ms", Duration::from_millis(50), Duration::ZERO, 0),
    far("200 ms", Duration::from_millis(100), Duration::ZERO, 0),
    far("1 s", Duration::from_millis(500), Duration::ZERO, 0),
    far(
        "200 to 400 ms",
        Duration::from_millis(100),
        Duration::from_millis(100),
        0,
    ),
    far(
        "200 ms, 5 % lost",
        Duration::from_millis(100),
        Duration::ZERO,
        5,
    ),
    far(
        "1 s, 5 % lost",
        Duration::from_millis(500),
        Duration::ZERO,
        5,
    ),
];

pub(crate) fn measure(options: &Options) -> Result<Section> {
    let lines = if options.short { &LINES[1..2] } else { &LINES };
    let rounds = options.rounds.min(MOST_ROUNDS);
    let contenders = || options.contenders().filter(|one| is_measured(one));
    let mut benches = contenders()
        .map(Proxied::start)
        .collect::<Result<Vec<_>>>()?;
    let mut samples = Samples::new();
    for round in 1..=rounds {
        for far in lines {
            for kind in [Kind::Call, Kind::Cast] {
                for bench in &mut benches {
                    let name = bench.pair.contender().name;
                    eprintln!("-- {}, {kind}s, {name}, {round}", far.name);
                    let sample = load_over(far.line, bench, kind, options.each)
                        .map_err(|error| format!("{name}, {}, {kind}s: {error}", far.name))?;
                    samples.add((far.name, kind, name), sample);
                }
            }
        }
    }
    let mut text = format!(
        "\n| round trip | {CALLERS} callers | | a second | median, ms | p99, ms |\n|---|---|---|---:|---:|---:|\n"
    );
    let mut goals = Vec::new();
    for far in lines {
        for kind in [Kind::Call, Kind::Cast] {
            for contender in contenders() {
                let cell = (far.name, kind, contender.name);
                let figure =
                    |figure: fn(&Sample) -> f64| samples.median(&cell, figure).unwrap_or_default();
                writeln!(
                    text,
                    "| {} | {kind}s | {} | {:.0} | {:.0} | {:.0} |",
                    far.name,
                    contender.title,
                    figure(|sample| sample.rate),
                    figure(|sample| sample.median / 1e3),
                    figure(|sample| sample.p99 / 1e3),
                )?;
            }
            let [ours, oslo] = ["ours", "oslo"].map(|name| (far.name, kind, name));
            let ratio = samples.ratio(&ours, &oslo, |sample| sample.rate);
            goals.extend(ratio.map(|figure| Goal {
                what: format!("{kind}s a second, round trip {}: ours / oslo", far.name),
                figure,
                aim: Aim::None,
            }));
        }
    }
    Ok(Section {
        text,
        goals,
        ..Section::default()
    })
}

fn is_measured(contender: &Contender) -> bool {
    matches!(contender.name, "ours" | "oslo")
}

fn load_over(line: Line, bench: &mut Proxied, kind: Kind, each: Duration) -> Result<Sample> {
    bench.proxy.flow_both(Flow::Line(line));
    let order = Order {
        kind,
        callers: CALLERS,
        each: each.max((line.delay + line.jitter) * 2 * ROUND_TRIPS),
        bytes: load::BYTES,
    };
    let loaded = pair::load(std::slice::from_mut(&mut bench.pair), order);
    bench.proxy.heal();
    loaded
}
