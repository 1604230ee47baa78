//! Measures the requested parts one after the other, and prints them or writes them into the report.
//!
//! If a part fails, the others are still measured and written. The failed part is named at the end, and the run fails.

use std::path::Path;

use crate::Result;
use crate::goals;
use crate::options::Options;
use crate::part::{Part, Section};
use crate::report::Report;

pub(crate) fn run(options: &Options) -> Result<()> {
    let report = if options.report {
        Some(Report::open(Path::new("."), &options.parts)?)
    } else {
        None
    };
    let mut failed = Vec::new();
    for &part in &options.parts {
        eprintln!("== {part}");
        let done = part.measure(options).and_then(|section| match &report {
            Some(report) => report.write(part, &section),
            None => print(part, &section),
        });
        if let Err(error) = done {
            eprintln!("== {part} FAILED: {error}");
            failed.push(part);
            if let Some(report) = &report {
                report.write_failure(part)?;
            }
        }
    }
    let failed: Vec<String> = failed.iter().map(Part::to_string).collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "these parts failed, for the reasons above: {}",
            failed.join(", ")
        )
        .into())
    }
}

fn print(part: Part, section: &Section) -> Result<()> {
    println!("\n== {part}");
    print!("{}{}", section.text, goals::markdown(&section.goals)?);
    Ok(())
}
