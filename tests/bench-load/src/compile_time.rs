//! The compile time of a trait. `tests/compile-time` measures it.

use std::process::{Command, Stdio};

use crate::Result;
use crate::goals::{Aim, Goal};
use crate::markdown::{Table, tables};
use crate::options::Options;
use crate::part::Section;

/// The aim for a trait, as a part of tarpc's time.
const TRAIT: Aim = Aim::AtMost(0.6);
/// The aim for the dependencies of an interface crate.
const DEPENDENCIES: Aim = Aim::AtMost(0.75);
/// Two rounds are enough: the CPU seconds of a compiler vary little, and each round takes minutes.
const ROUNDS: usize = 2;

pub(crate) fn measure(options: &Options) -> Result<Section> {
    let rounds = options.rounds.min(ROUNDS);
    let output = Command::new("tests/compile-time")
        .args(["--markdown", "--rounds", &rounds.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("tests/compile-time: {}", output.status).into());
    }
    section(&String::from_utf8(output.stdout)?, rounds)
}

fn section(printed: &str, rounds: usize) -> Result<Section> {
    let tables = tables(printed);
    if tables.is_empty() {
        return Err("tests/compile-time has printed no tables".into());
    }
    Ok(Section {
        text: format!(
            "\nCPU seconds of `cargo check`, medians of {rounds} rounds; in brackets the ratio to tarpc's, JSON over TCP.\n\n{}\n",
            printed.trim()
        ),
        goals: tables.iter().flat_map(goals).collect(),
        ..Section::default()
    })
}

/// The goals from this library's ratios, which are in brackets. Its last row counts, which is the one with a lock if
/// there is one.
fn goals(table: &Table<'_>) -> Vec<Goal> {
    let ours = |row: &&Vec<&str>| row.first().is_some_and(|name| name.starts_with("ours"));
    let Some(row) = table.rows.iter().rfind(ours) else {
        return Vec::new();
    };
    let aim = match table.head[0] {
        "an interface crate's dependencies" => DEPENDENCIES,
        _ => TRAIT,
    };
    let columns = table.head.iter().zip(row).skip(1);
    let goals = columns.filter_map(|(column, cell)| {
        // There are no goals for small traits.
        if *column == "10 methods" {
            return None;
        }
        let (_, ratio) = cell.strip_suffix(')')?.split_once('(')?;
        Some(Goal {
            what: format!("build, {}, {column}: {} / tarpc", table.head[0], row[0]),
            figure: ratio.parse().ok()?,
            aim,
        })
    });
    goals.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_goals_are_for_ours_with_its_lock() {
        let printed = "| one trait | 10 methods | 100 methods |\n| --- | ---: | ---: |\n\
             | ours | 0.20 (0.50) | 0.80 (0.40) |\n| ours, with lock | 0.30 (0.70) | 1.00 (0.55) |\n\
             | tarpc, JSON over TCP | 0.40 (1.00) | 1.90 (1.00) |\n\n\
             | an interface crate's dependencies | crates | CPU seconds |\n| --- | ---: | ---: |\n\
             | ours | 20 | 17.0 (0.61) |\n";
        let section = section(printed, 1).expect("a section");
        let goals: Vec<_> = section
            .goals
            .iter()
            .map(|goal| (goal.what.as_str(), goal.figure, goal.aim))
            .collect();
        assert_eq!(
            goals,
            [
                (
                    "build, one trait, 100 methods: ours, with lock / tarpc",
                    0.55,
                    TRAIT
                ),
                (
                    "build, an interface crate's dependencies, CPU seconds: ours / tarpc",
                    0.61,
                    DEPENDENCIES
                )
            ]
        );
    }
}
