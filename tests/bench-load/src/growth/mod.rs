//! Curves: what a call costs as something grows.

mod payloads;
mod points;
mod processes;

use crate::Result;
use crate::options::Options;
use crate::part::Section;

/// More rounds would take minutes.
const ROUNDS: usize = 3;
/// Ours, and who is beside it: their names, and for people.
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
