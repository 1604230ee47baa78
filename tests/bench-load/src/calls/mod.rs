//! The contenders under load, in turn, cell by cell: tables, charts, and most of the goals.

mod charts;
mod goals;
mod table;

use std::fmt::Write;
use std::slice::from_mut;

use crate::Result;
use crate::load::{BYTES, Kind};
use crate::options::Options;
use crate::pair::{self, Order, Pair};
use crate::part::Section;
use crate::samples::{Cell, Sample, Samples};

pub(crate) fn measure(options: &Options) -> Result<Section> {
    let mut pairs = Vec::new();
    for contender in options.contenders() {
        eprintln!("-- starting {}", contender.title);
        pairs.push(Pair::start(contender)?);
    }
    let mut samples = Samples::new();
    let mut repeated = Vec::new();
    for round in 1..=options.rounds {
        eprintln!("-- round {round} of {}", options.rounds);
        for kind in [Kind::Call, Kind::Cast] {
            let callers = kind.callers().iter().copied();
            for callers in callers.filter(|callers| *callers <= options.callers) {
                let order = Order {
                    kind,
                    callers,
                    each: options.each,
                    bytes: BYTES,
                };
                for pair in &mut pairs {
                    let contender = pair.contender();
                    if !contender.does(kind) {
                        continue;
                    }
                    let cell = Cell {
                        contender: contender.name,
                        kind,
                        callers,
                    };
                    let sample = load(pair, order, &mut repeated)
                        .map_err(|error| format!("{cell:?}: {error}"))?;
                    samples.add(cell, sample);
                }
            }
        }
        // The order is reversed each time, so that no contender always follows the same other one.
        pairs.reverse();
    }
    let mut text = format!(
        "\nMedians of {} rounds, {:?} a cell.\n{}",
        options.rounds,
        options.each,
        table::markdown(&samples)?
    );
    for what in repeated {
        writeln!(text, "\nFailed, and was measured again: {what}.")?;
    }
    Ok(Section {
        text,
        charts: charts::draw(&samples),
        goals: goals::reached(&samples),
    })
}

/// A load that fails is repeated once, with both ends restarted. One failed request must not end a long run, and a
/// second failure is no accident.
fn load(pair: &mut Pair, order: Order, repeated: &mut Vec<String>) -> Result<Sample> {
    match pair::load(from_mut(pair), order) {
        Ok(sample) => Ok(sample),
        Err(error) => {
            let Order { kind, callers, .. } = order;
            let what = format!(
                "{}, {kind}s, {callers} at a time: {error}",
                pair.contender().title
            );
            eprintln!("-- failed, and measured again: {what}");
            repeated.push(what);
            pair.restart()?;
            pair::load(from_mut(pair), order)
        }
    }
}
