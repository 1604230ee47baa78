//! Curves of this library. Each point is measured by a process of its own: see [`mod@crate::point`].

use std::fmt::Write;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Result;
use crate::chart::lines::{Axes, Line, lines};
use crate::goals::{Aim, Goal};
use crate::markdown::grouped;
use crate::options::Options;
use crate::part::{Chart, Section};
use crate::samples::Samples;

/// A curve: what grows, by its name for [`mod@crate::point`]; its titles; whether it needs the broker; and the counts at
/// which it is measured.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Curve {
    what: &'static str,
    title: &'static str,
    /// The title in charts.
    short: &'static str,
    broker: bool,
    at: &'static [usize],
}

const CURVES: &[Curve] = &[
    Curve {
        what: "in-flight",
        title: "calls in flight, memory://",
        short: "memory://",
        broker: false,
        at: &[1, 10, 100, 1_000, 10_000, 100_000],
    },
    Curve {
        what: "in-flight",
        title: "calls in flight, rabbit://",
        short: "rabbit://",
        broker: true,
        at: &[1, 10, 100, 1_000, 10_000, 100_000],
    },
    Curve {
        what: "methods",
        title: "methods of the endpoint, memory://",
        short: "methods",
        broker: false,
        at: &[1, 10, 100, 1_000],
    },
    Curve {
        what: "endpoints",
        title: "endpoints of the server, memory://",
        short: "endpoints",
        broker: false,
        at: &[1, 10, 100, 1_000],
    },
    Curve {
        what: "clones",
        title: "clones of the client, memory://",
        short: "clones",
        broker: false,
        at: &[1, 10, 100, 1_000],
    },
    Curve {
        what: "prepared",
        title: "prepared clients, memory://",
        short: "prepared clients",
        broker: false,
        at: &[1, 10, 100, 1_000],
    },
];

/// Idle transports.
const IDLE: Curve = Curve {
    what: "transports",
    title: "idle transports, rabbit://",
    short: "transports",
    broker: true,
    at: &[20],
};

/// With fewer calls, the memory of the process itself hides that of the calls.
const ENOUGH_FOR_MEMORY: usize = 1_000;
/// The aim: bytes of a call in flight, without its payload.
const BYTES: f64 = 1024.0;
/// The aim for a flat curve: how much more the last point may cost than the cheapest. It allows for other load on the
/// machine.
const FLAT: f64 = 1.25;

/// The figures of one process.
struct Point {
    /// CPU microseconds for a call, both ends together.
    micros: f64,
    /// Bytes of the process's memory for a call in flight.
    resident: f64,
    /// Bytes on the heap for a call in flight, without the caller's own task.
    heap: f64,
}

type Points = Samples<(&'static str, usize), Point>;

pub(super) fn measure(options: &Options, rounds: usize) -> Result<Section> {
    let most = if options.short { 10 } else { usize::MAX };
    let mut points = Points::new();
    for round in 1..=rounds {
        for curve in CURVES {
            eprintln!("-- {}, round {round} of {rounds}", curve.title);
            for &count in curve.at.iter().filter(|count| **count <= most) {
                let point = one(curve, count)
                    .map_err(|error| format!("{}, {count}: {error}", curve.title))?;
                points.add((curve.title, count), point);
            }
        }
    }
    let mut text = "\n| CPU µs for a call, both ends |".to_owned();
    table(&mut text, &points, 1, |point| point.micros)?;
    if !options.short {
        text.push_str("\n| bytes on the heap for a call in flight, without its caller |");
        table(&mut text, &points, ENOUGH_FOR_MEMORY, |point| point.heap)?;
        text.push_str("\n| bytes of the process's memory, its caller and all |");
        table(&mut text, &points, ENOUGH_FOR_MEMORY, |point| {
            point.resident
        })?;
        text.push_str(&idle()?);
    }
    Ok(Section {
        text,
        charts: PLANS.iter().map(|plan| plan.draw(&points)).collect(),
        goals: goals(&points),
    })
}

fn one(curve: &Curve, count: usize) -> Result<Point> {
    let program = std::env::current_exe()?;
    let [micros, resident, _] = figures(&program, curve, count)?;
    let mut heap = 0.0;
    if curve.what == "in-flight" && count >= ENOUGH_FOR_MEMORY {
        let counted = program.with_file_name("rpc-bench-counted");
        [_, _, heap] = figures(&counted, curve, count)?;
    }
    Ok(Point {
        micros,
        resident,
        heap,
    })
}

/// The memory of an idle transport.
fn idle() -> Result<String> {
    let program = std::env::current_exe()?;
    let mut rows = String::new();
    for &count in IDLE.at {
        eprintln!("-- {}", IDLE.title);
        let [_, resident, _] = figures(&program, &IDLE, count)?;
        let counted = program.with_file_name("rpc-bench-counted");
        let [_, _, heap] = figures(&counted, &IDLE, count)?;
        let [heap, resident] = [heap, resident].map(|bytes| grouped(&format!("{bytes:.0}")));
        writeln!(rows, "| {}, {count} | {heap} | {resident} |", IDLE.title)?;
    }
    Ok(format!(
        "\n| bytes for each, after a call | on the heap | of the process's memory |\n|---|---:|---:|\n{rows}"
    ))
}

/// The figures that [`mod@crate::point`] prints.
fn figures(program: &Path, curve: &Curve, count: usize) -> Result<[f64; 3]> {
    let url = if curve.broker {
        std::env::var("RPC_TEST_RABBIT_URL")?
    } else {
        "memory://".to_owned()
    };
    let output = Command::new(program)
        .args(["point", curve.what, &count.to_string(), &url])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let figures: Result<Vec<f64>, _> = text.split_whitespace().map(str::parse).collect();
    figures?.try_into().map_err(|_| "no figures".into())
}

/// A table with a row for each curve and a column for each count from `least` on.
fn table(
    text: &mut String,
    points: &Points,
    least: usize,
    figure: fn(&Point) -> f64,
) -> Result<()> {
    let counts: Vec<usize> = counts(CURVES).filter(|count| *count >= least).collect();
    for count in &counts {
        write!(text, " {} |", grouped(&count.to_string()))?;
    }
    writeln!(text, "\n|---|{}", "---:|".repeat(counts.len()))?;
    for curve in CURVES {
        let figures: Vec<_> = counts
            .iter()
            .map(|count| points.median(&(curve.title, *count), figure))
            .collect();
        if figures.iter().flatten().all(|figure| *figure <= 0.0) {
            continue;
        }
        write!(text, "| {} |", curve.title)?;
        for figure in figures {
            match figure {
                Some(figure) if figure >= 1000.0 => {
                    write!(text, " {} |", grouped(&format!("{figure:.0}")))?;
                }
                Some(figure) => write!(text, " {figure:.1} |")?,
                None => text.push_str("  |"),
            }
        }
        text.push('\n');
    }
    Ok(())
}

/// The counts of some curves.
fn counts(curves: &[Curve]) -> impl Iterator<Item = usize> {
    let longest = curves
        .iter()
        .map(|curve| curve.at)
        .max_by_key(|at| at.len());
    longest.unwrap_or_default().iter().copied()
}

/// A chart of some curves.
struct Plan {
    name: &'static str,
    title: &'static str,
    along: &'static str,
    curves: Range<usize>,
    /// The least count that is shown.
    least: usize,
    figure: fn(&Point) -> f64,
    logarithmic: bool,
}

const PLANS: [Plan; 3] = [
    Plan {
        name: "in-flight",
        title: "CPU µs for a call, both ends, as more are in flight",
        along: "calls in flight",
        curves: 0..2,
        least: 1,
        figure: |point| point.micros,
        logarithmic: true,
    },
    Plan {
        name: "memory",
        title: "Bytes on the heap for a call in flight, both ends",
        along: "calls in flight",
        curves: 0..2,
        least: ENOUGH_FOR_MEMORY,
        figure: |point| point.heap,
        logarithmic: false,
    },
    Plan {
        name: "growth",
        title: "CPU µs for a call in one process, as an interface or its clients grow",
        along: "how many there are",
        curves: 2..CURVES.len(),
        least: 1,
        figure: |point| point.micros,
        logarithmic: false,
    },
];

impl Plan {
    fn draw(&self, points: &Points) -> Chart {
        let curves = CURVES.get(self.curves.clone()).unwrap_or_default();
        let drawn: Vec<Line> = curves
            .iter()
            .map(|curve| Line {
                label: curve.short.to_owned(),
                points: curve
                    .at
                    .iter()
                    .filter(|count| **count >= self.least)
                    .filter_map(|count| {
                        let value = points.median(&(curve.title, *count), self.figure)?;
                        Some((*count as f64, value))
                    })
                    .collect(),
            })
            .collect();
        let marks = counts(curves).filter(|count| *count >= self.least);
        let axes = Axes {
            title: self.title,
            along: self.along,
            marks: marks
                .map(|count| (count as f64, grouped(&count.to_string())))
                .collect(),
            logarithmic: self.logarithmic,
        };
        Chart {
            name: self.name,
            title: self.title,
            svg: lines(&axes, &drawn),
        }
    }
}

fn goals(points: &Points) -> Vec<Goal> {
    let mut goals = Vec::new();
    for curve in CURVES {
        let cost = |count: &usize| points.median(&(curve.title, *count), |point| point.micros);
        let costs: Vec<f64> = curve.at.iter().filter_map(cost).collect();
        let (Some(last), Some(count)) = (costs.last(), curve.at.last()) else {
            continue;
        };
        if costs.len() < curve.at.len() {
            continue;
        }
        let count = grouped(&count.to_string());
        goals.push(Goal {
            what: format!(
                "CPU for a call, {count} {} / with the number that takes the least",
                curve.title
            ),
            figure: last / costs.iter().copied().fold(f64::INFINITY, f64::min),
            aim: Aim::AtMost(FLAT),
        });
        let bytes = curve
            .at
            .last()
            .and_then(|count| points.median(&(curve.title, *count), |point| point.heap));
        goals.extend(bytes.filter(|bytes| *bytes > 0.0).map(|figure| Goal {
            what: format!("bytes on the heap for a call, {count} {}", curve.title),
            figure,
            aim: Aim::AtMost(BYTES),
        }));
    }
    goals
}
