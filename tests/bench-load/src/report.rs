//! Writes what was measured into `PERFORMANCE.md`, between its markers, and charts beside it.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::chart::{Bar, bars};
use crate::contender::{ALL, Place};
use crate::load::Kind;
use crate::options::Options;
use crate::samples::{Cell, Sample, Samples};
use crate::{Result, goals, table};

const BEGIN: &str = "<!-- measured: written by tests/bench --report -->";
const END: &str = "<!-- end of what was measured -->";
/// Of the charts.
const PLACE: &str = "docs/performance";

/// Writes the report in `root`.
pub(crate) fn write(root: &Path, options: &Options, samples: &Samples, growth: &str) -> Result<()> {
    let page = root.join("PERFORMANCE.md");
    let text = fs::read_to_string(&page)?;
    let (before, rest) = text
        .split_once(BEGIN)
        .ok_or("PERFORMANCE.md has lost its markers")?;
    let (_, after) = rest
        .split_once(END)
        .ok_or("PERFORMANCE.md has lost its markers")?;
    let charts = root.join(PLACE);
    fs::create_dir_all(&charts)?;
    let mut images = String::new();
    for chart in &CHARTS {
        let Chart { name, title, .. } = chart;
        fs::write(charts.join(format!("{name}.svg")), chart.draw(samples))?;
        writeln!(images, "![{title}]({PLACE}/{name}.svg)")?;
    }
    let measured = format!(
        "{BEGIN}\n\nOn {}; {} rounds of {:?} a cell, interleaved, medians.\n\n## Goals\n{}\n## Calls and \
         casts\n\n{images}{}\n## Growth\n{growth}\n{END}",
        machine()?,
        options.rounds,
        options.each,
        goals::markdown(samples)?,
        table::markdown(samples)?,
    );
    fs::write(page, format!("{before}{measured}{after}"))?;
    Ok(())
}

/// What a chart shows: one figure of some contenders, with 64 callers.
struct Chart {
    name: &'static str,
    title: &'static str,
    kind: Kind,
    in_process: bool,
    figure: fn(&Sample) -> f64,
}

const CALLERS: usize = 64;

const CHARTS: [Chart; 4] = [
    Chart {
        name: "calls",
        title: "Calls a second, 64 callers",
        kind: Kind::Call,
        in_process: false,
        figure: |sample| sample.rate,
    },
    Chart {
        name: "cpu",
        title: "CPU µs for a call, client and server, 64 callers",
        kind: Kind::Call,
        in_process: false,
        figure: |sample| sample.ends() * 100.0,
    },
    Chart {
        name: "casts",
        title: "Confirmed casts a second, 64 callers",
        kind: Kind::Cast,
        in_process: false,
        figure: |sample| sample.rate,
    },
    Chart {
        name: "in-process",
        title: "Calls a second in one process, 64 callers",
        kind: Kind::Call,
        in_process: true,
        figure: |sample| sample.rate,
    },
];

impl Chart {
    fn draw(&self, samples: &Samples) -> String {
        let shown = ALL.iter().filter(|contender| match contender.place {
            Place::Broker | Place::Python => !self.in_process,
            Place::InProcess => self.in_process,
            Place::Tcp => false,
        });
        let all: Vec<Bar> = shown
            .filter_map(|contender| {
                let cell = Cell {
                    contender: contender.name,
                    kind: self.kind,
                    callers: CALLERS,
                };
                Some(Bar {
                    label: contender.short.to_owned(),
                    value: samples.median(cell, self.figure)?,
                    ours: contender.name == "ours" || contender.name == "memory",
                })
            })
            .collect();
        bars(self.title, &all)
    }
}

/// What it was measured on.
fn machine() -> Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model
        .and_then(|line| line.split_once(": "))
        .map_or("a CPU", |(_, name)| name);
    let cores = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let rustc = Command::new("rustc").arg("--version").output()?.stdout;
    let rustc = String::from_utf8(rustc)?;
    let rabbitmq = std::env::var("RPC_TEST_RABBITMQ_VERSION")?;
    Ok(format!(
        "{model}, {cores} cores, Linux {}, RabbitMQ {rabbitmq}, {}",
        kernel.trim(),
        rustc.split(" (").next().unwrap_or_default()
    ))
}
