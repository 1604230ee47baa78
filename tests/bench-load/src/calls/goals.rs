//! The goals for calls and casts. Each is a ratio from one run.

use crate::goals::Aim::{self, AtLeast, AtMost};
use crate::goals::Goal;
use crate::load::Kind;
use crate::samples::{Cell, Sample, Samples};

/// A figure of this library divided by a contender's, and its aim.
struct Ratio {
    what: &'static str,
    kind: Kind,
    callers: usize,
    ours: &'static str,
    theirs: &'static str,
    figure: fn(&Sample) -> f64,
    aim: Aim,
}

/// The goals for which both cells were measured.
pub(super) fn reached(samples: &Samples<Cell, Sample>) -> Vec<Goal> {
    let measured = ratios().into_iter().filter_map(|goal| {
        let cell = |contender| Cell {
            contender,
            kind: goal.kind,
            callers: goal.callers,
        };
        let ratio = samples.ratio(&cell(goal.ours), &cell(goal.theirs), goal.figure)?;
        let Ratio {
            what,
            kind,
            callers,
            ours,
            theirs,
            ..
        } = goal;
        let plural = if callers == 1 { "" } else { "s" };
        Some(Goal {
            what: format!("{kind}s, {callers} caller{plural}, {what}: {ours} / {theirs}"),
            figure: ratio,
            aim: goal.aim,
        })
    });
    measured.collect()
}

fn ratios() -> Vec<Ratio> {
    let rate = |kind, callers, ours, theirs, aim| Ratio {
        what: "rate",
        kind,
        callers,
        ours,
        theirs,
        figure: |sample| sample.rate,
        aim,
    };
    let latency = |callers, theirs, aim| Ratio {
        what: "median latency",
        kind: Kind::Call,
        callers,
        ours: "ours",
        theirs,
        figure: |sample| sample.median,
        aim,
    };
    let ends = |callers, theirs, aim| Ratio {
        what: "CPU of both ends",
        kind: Kind::Call,
        callers,
        ours: "ours",
        theirs,
        figure: Sample::ends,
        aim,
    };
    let mut ratios = vec![
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
        ratios.push(rate(Kind::Cast, callers, "ours", "lapin-b", AtLeast(0.95)));
    }
    for &callers in Kind::Call.callers() {
        ratios.push(rate(Kind::Call, callers, "ours", "lapin-d", AtLeast(1.0)));
    }
    for &callers in Kind::Cast.callers() {
        ratios.push(rate(Kind::Cast, callers, "ours", "lapin-d", AtLeast(1.0)));
    }
    ratios.push(rate(Kind::Cast, 64, "ours", "oslo", AtLeast(25.0)));
    for &callers in Kind::Call.callers() {
        ratios.push(rate(
            Kind::Call,
            callers,
            "memory",
            "tarpc-json",
            AtLeast(2.0),
        ));
    }
    ratios
}
