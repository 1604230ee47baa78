//! The codec's instructions, which a bench of its own counts: `benches/instructions.rs`.

use std::fmt::Write;
use std::process::{Command, Stdio};

use crate::Result;
use crate::goals::{Aim, Goal};
use crate::markdown::{Table, grouped, tables};
use crate::part::Section;

/// The aim, as a part of what `serde_json` takes when it is used twice.
const AIM: Aim = Aim::AtMost(0.5);

/// The bench's steps, their titles, and the columns for which there is a goal.
const STEPS: [(&str, &str, &[&str]); 4] = [
    ("EncodeRequest", "write a request", &[KNOWN]),
    ("DecodeRequest", "read a request", &[KNOWN, BY_VALUE]),
    ("EncodeReply", "write a reply", &[]),
    ("DecodeReply", "read a reply", &[]),
];
/// The columns of the bench's table.
const KNOWN: &str = "serde_json twice, types known";
const BY_VALUE: &str = "by value";

pub(crate) fn measure() -> Result<Section> {
    let output = Command::new("cargo")
        .args([
            "bench",
            "--quiet",
            "-p",
            "rpc-bench",
            "--bench",
            "instructions",
        ])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("the bench of instructions: {}", output.status).into());
    }
    section(&String::from_utf8(output.stdout)?)
}

/// The bench's table with readable titles and figures, and the worst ratio of each step over all sizes.
fn section(printed: &str) -> Result<Section> {
    let tables = tables(printed);
    let Table { head, rows } = tables.first().ok_or("the bench has printed no table")?;
    let column = |name: &str| head.iter().position(|cell| *cell == name);
    let mut text = format!(
        "\n| {} |\n|---|{}\n",
        head.join(" | "),
        "---:|".repeat(head.len() - 1)
    );
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| of_people(cell)).collect();
        writeln!(text, "| {} |", cells.join(" | "))?;
    }
    let mut goals = Vec::new();
    for (step, said, besides) in STEPS {
        for &beside in besides {
            let (Some(ours), Some(theirs)) = (column("ours"), column(beside)) else {
                continue;
            };
            let of_step = rows.iter().filter(|row| row.first() == Some(&step));
            let ratios = of_step.filter_map(|row| {
                let figure = |at: usize| row.get(at)?.parse::<f64>().ok();
                Some(figure(ours)? / figure(theirs)?)
            });
            goals.extend(ratios.reduce(f64::max).map(|figure| Goal {
                what: format!("codec, instructions to {said}, the worst size: ours / {beside}"),
                figure,
                aim: AIM,
            }));
        }
    }
    Ok(Section {
        text,
        goals,
        ..Section::default()
    })
}

fn of_people(cell: &str) -> String {
    if let Some((_, said, _)) = STEPS.iter().find(|(step, ..)| *step == cell) {
        return (*said).to_owned();
    }
    if !cell.is_empty() && cell.chars().all(|char| char.is_ascii_digit()) {
        return grouped(cell);
    }
    cell.to_owned()
}

#[cfg(test)]
mod tests {
    use super::section;

    #[test]
    fn the_table_has_titles_and_the_goal_takes_the_worst_size() {
        let printed = "| step | bytes | ours | serde_json twice, types known | ratio | by value | ratio |\n\
             |---|---:|---:|---:|---:|---:|---:|\n\
             | EncodeRequest | 256 | 8000 | 16000 | 0.50 |  |  |\n\
             | EncodeRequest | 4096 | 60000 | 100000 | 0.60 |  |  |\n\
             | DecodeReply | 256 | 1 | 2 | 0.50 | 4 | 0.25 |\n";
        let section = section(printed).expect("a section");
        let row = "| write a request | 4,096 | 60,000 | 100,000 | 0.60 |  |  |";
        assert!(section.text.contains(row), "{}", section.text);
        let [goal] = section.goals.as_slice() else {
            panic!("{:?}", section.goals);
        };
        assert!((goal.figure - 0.6).abs() < 1e-9, "{goal:?}");
    }
}
