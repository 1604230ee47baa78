//! The options of the command line.

use std::time::Duration;

use crate::Result;
use crate::contender::{ALL, Contender};
use crate::part::Part;

/// The measurements and the contenders.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) parts: Vec<Part>,
    pub(crate) rounds: usize,
    /// The time for which each cell is loaded in each round.
    pub(crate) each: Duration,
    /// The greatest number of callers.
    pub(crate) callers: usize,
    /// A short run, which only proves that the program works.
    pub(crate) short: bool,
    /// Whether the results are written into `PERFORMANCE.md`.
    pub(crate) report: bool,
    /// If not empty, only these contenders.
    only: Vec<&'static Contender>,
}

impl Options {
    /// Reads `[--short | --report] [--parts PART[,PART…]] [--rounds N] [--seconds S] [--only NAME[,NAME…]]`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self {
            parts: Vec::new(),
            rounds: 5,
            each: Duration::from_millis(1500),
            callers: usize::MAX,
            short: words.contains(&"--short"),
            report: false,
            only: Vec::new(),
        };
        if options.short {
            options.rounds = 1;
            options.each = Duration::from_millis(200);
            options.callers = 16;
        }
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word {
                "--report" => options.report = true,
                "--short" => {}
                "--parts" => {
                    let parts = value()?.split(',').map(str::parse);
                    options.parts = parts.collect::<Result<_, _>>()?;
                }
                "--rounds" => options.rounds = value()?.parse::<usize>()?.max(1),
                "--seconds" => options.each = Duration::try_from_secs_f64(value()?.parse()?)?,
                "--only" => {
                    let only = value()?.split(',').map(Contender::named);
                    options.only = only.collect::<Result<_>>()?;
                }
                other => return Err(format!("what is {other}?").into()),
            }
        }
        if options.short && options.report {
            return Err("a short run is no report".into());
        }
        if options.parts.is_empty() {
            let usual = |part: &Part| match (options.report, options.short) {
                (true, _) => true,
                (_, true) => !part.builds(),
                _ => *part == Part::Calls,
            };
            options.parts = Part::ALL.into_iter().filter(usual).collect();
        }
        Ok(options)
    }

    /// The contenders that the options select.
    pub(crate) fn contenders(&self) -> impl Iterator<Item = &'static Contender> {
        let only = &self.only;
        let is_selected = |name| only.is_empty() || only.iter().any(|one| one.name == name);
        ALL.iter()
            .filter(move |contender| is_selected(contender.name))
    }
}

#[cfg(test)]
mod tests {
    use super::Options;
    use crate::part::Part;

    #[test]
    fn a_report_has_all_parts_and_a_short_run_those_that_build_nothing() {
        let parts = |words: &[&str]| Options::parse(words).expect("options").parts;
        assert_eq!(parts(&[]), [Part::Calls]);
        assert_eq!(parts(&["--report"]), Part::ALL);
        assert_eq!(parts(&["--short"]), Part::ALL[..5]);
        assert_eq!(
            parts(&["--report", "--parts", "codec,recovery"]),
            [Part::Codec, Part::Recovery]
        );
    }

    #[test]
    fn rounds_count_on_either_side_of_short_and_only_takes_whole_names() {
        for words in [["--rounds", "3", "--short"], ["--short", "--rounds", "3"]] {
            assert_eq!(Options::parse(&words).expect("options").rounds, 3);
        }
        let options = Options::parse(&["--only", "oslo,ours"]).expect("options");
        let names: Vec<_> = options.contenders().map(|one| one.name).collect();
        assert_eq!(names, ["ours", "oslo"]);
        assert!(Options::parse(&["--only", "lapin"]).is_err());
    }
}
