//! The figures, as Markdown.

use std::fmt::Write;

use crate::Result;
use crate::contender::ALL;
use crate::load::Kind;
use crate::samples::{Cell, Sample, Samples};

/// A table of calls and a table of casts, with the medians over the rounds.
pub(super) fn markdown(samples: &Samples<Cell, Sample>) -> Result<String> {
    let mut table = String::new();
    for kind in [Kind::Call, Kind::Cast] {
        writeln!(
            table,
            "\n| {kind}, callers | a second | median µs | p99 µs \
             | CPU s for 10,000: client | server | both | broker |"
        )?;
        writeln!(table, "|---|---:|---:|---:|---:|---:|---:|---:|")?;
        for contender in ALL {
            for &callers in kind.callers() {
                let cell = Cell {
                    contender: contender.name,
                    kind,
                    callers,
                };
                let of = |figure: fn(&Sample) -> f64| samples.median(&cell, figure);
                let figures = (
                    of(|sample| sample.rate),
                    of(|sample| sample.median),
                    of(|sample| sample.p99),
                    of(|sample| sample.client),
                    of(|sample| sample.server),
                    of(Sample::ends),
                    of(|sample| sample.broker),
                );
                if let (Some(rate), Some(p50), Some(p99), Some(c), Some(s), Some(ends), Some(b)) =
                    figures
                {
                    writeln!(
                        table,
                        "| {}, {callers} | {rate:.0} | {p50:.1} | {p99:.1} \
                         | {c:.3} | {s:.3} | {ends:.3} | {b:.2} |",
                        contender.title
                    )?;
                }
            }
        }
    }
    Ok(table)
}
