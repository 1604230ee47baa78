//! Charts with bars, each for one figure of some contenders.

use crate::chart::bars::{Bar, bars};
use crate::contender::{ALL, Place};
use crate::load::Kind;
use crate::part::Chart;
use crate::samples::{Cell, Sample, Samples};

/// What a chart shows.
struct Plan {
    name: &'static str,
    title: &'static str,
    kind: Kind,
    in_process: bool,
    figure: fn(&Sample) -> f64,
}

const CALLERS: usize = 64;

const PLANS: [Plan; 4] = [
    Plan {
        name: "calls",
        title: "Calls a second, 64 callers",
        kind: Kind::Call,
        in_process: false,
        figure: |sample| sample.rate,
    },
    Plan {
        name: "cpu",
        title: "CPU µs for a call, client and server, 64 callers",
        kind: Kind::Call,
        in_process: false,
        figure: |sample| sample.ends() * 100.0,
    },
    Plan {
        name: "casts",
        title: "Confirmed casts a second, 64 callers",
        kind: Kind::Cast,
        in_process: false,
        figure: |sample| sample.rate,
    },
    Plan {
        name: "in-process",
        title: "Calls a second in one process, 64 callers",
        kind: Kind::Call,
        in_process: true,
        figure: |sample| sample.rate,
    },
];

pub(super) fn draw(samples: &Samples<Cell, Sample>) -> Vec<Chart> {
    let drawn = PLANS.iter().map(|plan| Chart {
        name: plan.name,
        title: plan.title,
        svg: plan.draw(samples),
    });
    drawn.collect()
}

impl Plan {
    fn draw(&self, samples: &Samples<Cell, Sample>) -> String {
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
                    value: samples.median(&cell, self.figure)?,
                    ours: matches!(contender.name, "ours" | "ours-spans" | "memory"),
                })
            })
            .collect();
        bars(self.title, &all)
    }
}
