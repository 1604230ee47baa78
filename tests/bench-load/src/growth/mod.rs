//! Curves: the cost of a call as something grows.

mod payloads;
mod points;
mod processes;

use crate::Result;
use crate::options::Options;
use crate::part::Section;

/// More rounds would take too long.
const ROUNDS: usize = 3;
/// The contenders: their names, and their titles.
const CONTENDERS: [(&str, &str); 2] = [("ours", "ours"), ("lapin-b", "lapin by hand, B")];

/// Measures all curves.
pub(crate) fn measure(options: &Options) -> Result<Section> {
    let rounds = options.rounds.min(ROUNDS);
    let mut all = Section {
        text: format!("\nMedians of {rounds} rounds.\n"),
        ..Section::default()
    };
    for measure in [points::measure, payloads::measure, processes::measure] {
        let section = measure(options, rounds)?;
        all.text.push_str(&section.text);
        all.charts.extend(section.charts);
        all.goals.extend(section.goals);
    }
    Ok(all)
}
