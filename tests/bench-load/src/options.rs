//! What the command line asks for.

use std::time::Duration;

use crate::Result;

/// How much is measured, and of whom.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    /// How long each cell is loaded in each round.
    pub(crate) each: Duration,
    /// Only contenders whose name begins with one of these, if there are any.
    pub(crate) only: Vec<String>,
    /// No more callers than this.
    pub(crate) callers: usize,
    /// Only what proves that it runs.
    pub(crate) short: bool,
    /// Curves, and not the table of contenders.
    pub(crate) growth: bool,
    /// Both, written into `PERFORMANCE.md`.
    pub(crate) report: bool,
}

impl Options {
    /// Reads `[--short] [--growth | --report] [--rounds N] [--seconds S] [--only NAME[,NAME…]]`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self {
            rounds: 5,
            each: Duration::from_millis(1500),
            only: Vec::new(),
            callers: usize::MAX,
            short: false,
            growth: false,
            report: false,
        };
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word {
                "--growth" => options.growth = true,
                "--report" => options.report = true,
                "--short" => {
                    options.short = true;
                    options.rounds = 1;
                    options.each = Duration::from_millis(200);
                    options.callers = 16;
                }
                "--rounds" => options.rounds = value()?.parse::<usize>()?.max(1),
                "--seconds" => options.each = Duration::try_from_secs_f64(value()?.parse()?)?,
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                other => return Err(format!("what is {other}?").into()),
            }
        }
        Ok(options)
    }
}
