//! Writes the results into `PERFORMANCE.md`, each part between its own markers, and the charts beside it.
//!
//! All figures of the page are of one machine. A part whose measurement failed says so, so that no older figures stand
//! among the new ones.

use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::part::{Part, Section};
use crate::{Result, goals};

/// The directory of the charts.
const PLACE: &str = "docs/performance";

/// The page with the report.
pub(crate) struct Report {
    root: PathBuf,
}

impl Report {
    /// Checks, before anything is measured, that the report can be written.
    pub(crate) fn open(root: &Path, parts: &[Part]) -> Result<Self> {
        let report = Self {
            root: root.to_owned(),
        };
        let page = fs::read_to_string(report.page())?;
        for &part in parts {
            find(&page, &figures_of(part))?;
            find(&page, &goals_of(part))?;
        }
        let machine = format!("\n{}\n\n", machine()?);
        let known = page.get(find(&page, MACHINE)?).unwrap_or_default();
        let all = Part::ALL.iter().all(|part| parts.contains(part));
        if !all && known != machine && !known.trim().is_empty() {
            return Err(
                "the page is of another machine, or other versions: measure all parts".into(),
            );
        }
        report.put(MACHINE, &machine)?;
        Ok(report)
    }

    /// Writes the results of a part.
    pub(crate) fn write(&self, part: Part, section: &Section) -> Result<()> {
        let charts = self.root.join(PLACE);
        fs::create_dir_all(&charts)?;
        let mut text = String::new();
        for chart in &section.charts {
            let file = format!("{}.svg", chart.name);
            fs::write(charts.join(&file), &chart.svg)?;
            writeln!(text, "\n![{}]({PLACE}/{file})", chart.title)?;
        }
        writeln!(text, "{}", section.text)?;
        self.put(&figures_of(part), &text)?;
        let goals = goals::markdown(&section.goals)?;
        self.put(&goals_of(part), &format!("{goals}\n"))
    }

    /// Writes that a part has failed.
    pub(crate) fn write_failure(&self, part: Part) -> Result<()> {
        self.put(&figures_of(part), "\nNot measured: it failed.\n\n")?;
        self.put(&goals_of(part), "\n")
    }

    fn page(&self) -> PathBuf {
        self.root.join("PERFORMANCE.md")
    }

    fn put(&self, block: &str, text: &str) -> Result<()> {
        let mut page = fs::read_to_string(self.page())?;
        page.replace_range(find(&page, block)?, text);
        Ok(fs::write(self.page(), page)?)
    }
}

const MACHINE: &str = "machine";

fn figures_of(part: Part) -> String {
    part.to_string()
}

fn goals_of(part: Part) -> String {
    format!("goals: {part}")
}

/// Where the text of a block is, between its markers.
fn find(page: &str, block: &str) -> Result<Range<usize>> {
    let lost = || format!("PERFORMANCE.md has lost its markers for `{block}`");
    let (begin, end) = (
        format!("<!-- measured: {block} -->\n"),
        format!("<!-- end: {block} -->"),
    );
    let start = page.find(&begin).ok_or_else(lost)? + begin.len();
    let rest = page.get(start..).ok_or_else(lost)?;
    Ok(start..start + rest.find(&end).ok_or_else(lost)?)
}

/// The machine and the versions of the measurement.
fn machine() -> Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model
        .and_then(|line| line.split_once(": "))
        .map_or("a CPU", |(_, name)| name);
    let cores = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let rustc = Command::new("rustc").arg("--version").output()?.stdout;
    let rustc = String::from_utf8(rustc)?;
    let rabbitmq = std::env::var("RPC_TEST_RABBITMQ_VERSION")?;
    Ok(format!(
        "On {model}, {cores} cores, Linux {}, RabbitMQ {rabbitmq}, {}.",
        kernel.trim(),
        rustc.split(" (").next().unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_block_is_the_text_between_its_markers() {
        let page = "a\n<!-- measured: one -->\nold\n<!-- end: one -->\n<!-- measured: two -->\n";
        let found = find(page, "one").expect("a block");
        assert_eq!(page.get(found), Some("old\n"));
        assert!(find(page, "two").is_err());
    }

    #[test]
    fn the_page_has_a_block_for_each_part() {
        let page = include_str!("../../../PERFORMANCE.md");
        for part in crate::part::Part::ALL {
            find(page, &super::figures_of(part)).expect("figures");
            find(page, &super::goals_of(part)).expect("goals");
        }
        find(page, super::MACHINE).expect("the machine");
    }
}
