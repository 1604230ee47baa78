//! The goals, and the figures that a run reached.

use std::fmt::Write;

use crate::Result;

/// One figure and its aim.
#[derive(Debug)]
pub(crate) struct Goal {
    pub(crate) what: String,
    pub(crate) figure: f64,
    pub(crate) aim: Aim,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Aim {
    AtLeast(f64),
    AtMost(f64),
    /// There is no aim. The reader judges the figure.
    None,
}

/// A table of goals, or nothing without goals.
pub(crate) fn markdown(goals: &[Goal]) -> Result<String> {
    if goals.is_empty() {
        return Ok(String::new());
    }
    let mut table = "\n| goal | figure | aim | |\n|---|---:|---:|---|\n".to_owned();
    for Goal { what, figure, aim } in goals {
        let (aim, verdict) = match *aim {
            Aim::AtLeast(aim) => (format!("at least {aim}"), verdict(*figure >= aim)),
            Aim::AtMost(aim) => (format!("at most {aim}"), verdict(*figure <= aim)),
            Aim::None => ("–".to_owned(), ""),
        };
        // Ratios have three decimals. Other figures have none.
        let digits = if *figure < 100.0 { 3 } else { 0 };
        writeln!(table, "| {what} | {figure:.digits$} | {aim} | {verdict} |")?;
    }
    Ok(table)
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}

#[cfg(test)]
mod tests {
    use super::{Aim, Goal, markdown};

    #[test]
    fn a_goal_is_met_at_its_aim_and_missed_beyond_it() {
        let goal = |figure, aim| Goal {
            what: "w".to_owned(),
            figure,
            aim,
        };
        let goals = [
            goal(0.95, Aim::AtLeast(0.95)),
            goal(1100.4, Aim::AtMost(1024.0)),
            goal(0.5, Aim::None),
        ];
        let table = markdown(&goals).expect("a table");
        for line in [
            "| w | 0.950 | at least 0.95 | met |",
            "| w | 1100 | at most 1024 | missed |",
            "| w | 0.500 | – |  |",
        ] {
            assert!(table.contains(line), "{table}");
        }
    }
}
