//! Throughput as messages grow, compared with lapin by hand.

use std::fmt::Write;
use std::slice::from_mut;

use super::CONTENDERS;
use crate::Result;
use crate::chart::lines::{Axes, Line, lines};
use crate::contender::Contender;
use crate::load::Kind;
use crate::options::Options;
use crate::pair::{self, Order, Pair};
use crate::part::{Chart, Section};
use crate::samples::{Sample, Samples};

/// The bytes of the argument, there and back.
const PAYLOADS: [(usize, &str); 6] = [
    (64, "64 B"),
    (1024, "1 KiB"),
    (16 * 1024, "16 KiB"),
    (256 * 1024, "256 KiB"),
    (1024 * 1024, "1 MiB"),
    (16 * 1024 * 1024, "16 MiB"),
];
const CALLERS: usize = 4;
const TITLE: &str = "MB of argument a second, there and back, 4 callers";

pub(super) fn measure(options: &Options, rounds: usize) -> Result<Section> {
    let most = if options.short { 1024 } else { usize::MAX };
    let payloads = || PAYLOADS.iter().filter(|(bytes, _)| *bytes <= most);
    let mut pairs = CONTENDERS
        .iter()
        .map(|(name, _)| Pair::start(Contender::named(name)?))
        .collect::<Result<Vec<_>>>()?;
    let mut samples = Samples::new();
    for round in 1..=rounds {
        eprintln!("-- payloads, round {round} of {rounds}");
        for (bytes, said) in payloads() {
            let order = Order {
                kind: Kind::Call,
                callers: CALLERS,
                each: options.each,
                bytes: *bytes,
            };
            for pair in &mut pairs {
                let name = pair.contender().name;
                let sample = pair::load(from_mut(pair), order)
                    .map_err(|error| format!("{name}, {said}: {error}"))?;
                samples.add((name, *bytes), sample);
            }
        }
        pairs.reverse();
    }

    let megabytes = |name, bytes| {
        let rate = samples.median(&(name, bytes), |sample: &Sample| sample.rate);
        rate.map(|rate| rate * bytes as f64 / 1e6)
    };
    let mut text = "\n| argument, there and back | ours, MB a second | lapin by hand, B | ratio \
                    | CPU of both ends, ratio |\n|---|---:|---:|---:|---:|\n"
        .to_owned();
    let [(ours, _), (theirs, _)] = CONTENDERS;
    for &(bytes, said) in payloads() {
        let ratio =
            |figure: fn(&Sample) -> f64| samples.ratio(&(ours, bytes), &(theirs, bytes), figure);
        if let (Some(a), Some(b), Some(rate), Some(cpu)) = (
            megabytes(ours, bytes),
            megabytes(theirs, bytes),
            ratio(|sample| sample.rate),
            ratio(Sample::ends),
        ) {
            writeln!(text, "| {said} | {a:.2} | {b:.2} | {rate:.2} | {cpu:.2} |")?;
        }
    }
    let curves = CONTENDERS.map(|(name, label)| Line {
        label: label.to_owned(),
        points: payloads()
            .filter_map(|(bytes, _)| Some((*bytes as f64, megabytes(name, *bytes)?)))
            .collect(),
    });
    let axes = Axes {
        title: TITLE,
        along: "bytes of argument",
        marks: payloads()
            .map(|(bytes, said)| (*bytes as f64, (*said).to_owned()))
            .collect(),
        logarithmic: true,
    };
    Ok(Section {
        text,
        charts: vec![Chart {
            name: "payloads",
            title: TITLE,
            svg: lines(&axes, &curves),
        }],
        ..Section::default()
    })
}
