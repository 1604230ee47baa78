//! Throughput of several processes on one broker, compared with lapin by hand. The broker limits it.

use std::fmt::Write;

use super::CONTENDERS;
use crate::Result;
use crate::chart::lines::{Axes, Line, lines};
use crate::contender::Contender;
use crate::load::{BYTES, Kind};
use crate::options::Options;
use crate::pair::{self, Order, Pair};
use crate::part::{Chart, Section};
use crate::samples::{Sample, Samples};

const COUNTS: [usize; 3] = [1, 2, 4];
const CALLERS: usize = 16;
const TITLE: &str = "Calls a second of several processes, 16 callers each";

pub(super) fn measure(options: &Options, rounds: usize) -> Result<Section> {
    let most = if options.short { 1 } else { usize::MAX };
    let counts = || COUNTS.into_iter().filter(|count| *count <= most);
    let order = Order {
        kind: Kind::Call,
        callers: CALLERS,
        each: options.each,
        bytes: BYTES,
    };
    let mut samples = Samples::new();
    for count in counts() {
        eprintln!("-- {count} client processes");
        // The servers of this count must end before the next count, or they would take some of its calls.
        let mut all = Vec::new();
        for (name, _) in CONTENDERS {
            let contender = Contender::named(name)?;
            let pairs = (0..count).map(|_| Pair::start(contender));
            all.push((name, pairs.collect::<Result<Vec<_>>>()?));
        }
        for _ in 0..rounds {
            for (name, pairs) in &mut all {
                let sample = pair::load(pairs, order)
                    .map_err(|error| format!("{count} processes of {name}: {error}"))?;
                samples.add((*name, count), sample);
            }
            all.reverse();
        }
    }

    let mut text = format!(
        "\n| processes with {CALLERS} callers each, and as many servers | calls a second, all together \
         | CPU s for 10,000: ends | broker |\n|---|---:|---:|---:|\n"
    );
    for (name, label) in CONTENDERS {
        for count in counts() {
            let of = |figure: fn(&Sample) -> f64| samples.median(&(name, count), figure);
            let figures = (
                of(|sample| sample.rate),
                of(Sample::ends),
                of(|sample| sample.broker),
            );
            if let (Some(rate), Some(ends), Some(broker)) = figures {
                writeln!(
                    text,
                    "| {label}, {count} | {rate:.0} | {ends:.3} | {broker:.2} |"
                )?;
            }
        }
    }
    let curves = CONTENDERS.map(|(name, label)| Line {
        label: label.to_owned(),
        points: counts()
            .filter_map(|count| {
                let rate = samples.median(&(name, count), |sample| sample.rate)?;
                Some((count as f64, rate))
            })
            .collect(),
    });
    let axes = Axes {
        title: TITLE,
        along: "client processes",
        marks: counts()
            .map(|count| (count as f64, count.to_string()))
            .collect(),
        logarithmic: false,
    };
    Ok(Section {
        text,
        charts: vec![Chart {
            name: "processes",
            title: TITLE,
            svg: lines(&axes, &curves),
        }],
        ..Section::default()
    })
}
