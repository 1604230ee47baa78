//! What is aimed at, each a ratio from one run, and how near the run came.

use std::fmt::Write;

use crate::Result;
use crate::load::Kind;
use crate::samples::{Cell, Sample, Samples};

/// A figure of ours divided by a contender's, and where it should be.
struct Goal {
    what: &'static str,
    kind: Kind,
    callers: usize,
    ours: &'static str,
    theirs: &'static str,
    figure: fn(&Sample) -> f64,
    aim: Aim,
}

enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

use Aim::{AtLeast, AtMost};

/// Each goal whose two cells were measured.
pub(crate) fn markdown(samples: &Samples) -> Result<String> {
    let mut table = "\n| goal | callers | ratio | aim | |\n|---|---:|---:|---:|---|\n".to_owned();
    for goal in goals() {
        let cell = |contender| Cell {
            contender,
            kind: goal.kind,
            callers: goal.callers,
        };
        let ratio = samples.ratio(cell(goal.ours), cell(goal.theirs), goal.figure);
        let Some(ratio) = ratio else { continue };
        let (aim, met) = match goal.aim {
            AtLeast(aim) => (format!("at least {aim}"), ratio >= aim),
            AtMost(aim) => (format!("at most {aim}"), ratio <= aim),
        };
        let verdict = if met { "met" } else { "missed" };
        writeln!(
            table,
            "| {}s, {}: {} / {} | {} | {ratio:.3} | {aim} | {verdict} |",
            goal.kind, goal.what, goal.ours, goal.theirs, goal.callers
        )?;
    }
    Ok(table)
}

fn goals() -> Vec<Goal> {
    let rate = |kind, callers, ours, theirs, aim| Goal {
        what: "rate",
        kind,
        callers,
        ours,
        theirs,
        figure: |sample| sample.rate,
        aim,
    };
    let latency = |callers, theirs, aim| Goal {
        what: "median latency",
        kind: Kind::Call,
        callers,
        ours: "ours",
        theirs,
        figure: |sample| sample.median,
        aim,
    };
    let ends = |callers, theirs, aim| Goal {
        what: "CPU of both ends",
        kind: Kind::Call,
        callers,
        ours: "ours",
        theirs,
        figure: Sample::ends,
        aim,
    };
    let mut goals = vec![
        rate(Kind::Call, 64, "ours", "lapin-b", AtLeast(0.95)),
        rate(Kind::Call, 64, "ours", "lapin-c", AtLeast(1.25)),
        latency(1, "lapin-b", AtMost(1.1)),
        ends(1, "lapin-b", AtMost(1.25)),
        ends(16, "lapin-b", AtMost(1.25)),
        ends(64, "lapin-b", AtMost(1.25)),
        rate(Kind::Call, 64, "ours", "oslo", AtLeast(30.0)),
        rate(Kind::Call, 1, "ours", "oslo", AtLeast(5.0)),
        ends(64, "oslo", AtMost(0.025)),
    ];
    for &callers in Kind::Cast.callers() {
        goals.push(rate(Kind::Cast, callers, "ours", "lapin-b", AtLeast(0.95)));
    }
    goals.extend([
        rate(Kind::Cast, 64, "ours", "oslo", AtLeast(25.0)),
        rate(Kind::Call, 1, "memory", "tarpc", AtLeast(2.0)),
        rate(Kind::Call, 64, "memory", "tarpc", AtLeast(1.0)),
    ]);
    goals
}
