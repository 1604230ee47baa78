//! The parts of a run. Each is measured, printed and reported by itself, so that the failure of one does not affect the
//! others.

use std::fmt;
use std::str::FromStr;

use crate::goals::Goal;
use crate::options::Options;
use crate::{Result, calls, codec, compile_time, first_call, growth, lines, recovery};

/// One part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The contenders under load.
    Calls,
    /// The cost of a call as something grows.
    Growth,
    /// The first call of a process.
    FirstCall,
    /// The next call after a lost connection.
    Recovery,
    /// Calls and casts over long lines.
    Lines,
    /// The instructions of the codec.
    Codec,
    /// The compile time of a trait.
    BuildTime,
}

/// The results of a part.
#[derive(Debug, Default)]
pub(crate) struct Section {
    /// The text, in Markdown.
    pub(crate) text: String,
    pub(crate) charts: Vec<Chart>,
    pub(crate) goals: Vec<Goal>,
}

/// A chart for the report.
#[derive(Debug)]
pub(crate) struct Chart {
    /// The name of its file.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) svg: String,
}

impl Part {
    /// In the order of measurement. The parts that run the compiler come last, since it heats the machine.
    pub(crate) const ALL: [Self; 7] = [
        Self::Calls,
        Self::Growth,
        Self::FirstCall,
        Self::Recovery,
        Self::Lines,
        Self::Codec,
        Self::BuildTime,
    ];

    /// Whether it builds programs of its own, so that even a short run takes minutes.
    pub(crate) fn builds(self) -> bool {
        matches!(self, Self::Codec | Self::BuildTime)
    }

    pub(crate) fn measure(self, options: &Options) -> Result<Section> {
        match self {
            Self::Calls => calls::measure(options),
            Self::Growth => growth::measure(options),
            Self::FirstCall => first_call::measure(options),
            Self::Recovery => recovery::measure(options),
            Self::Lines => lines::measure(options),
            Self::Codec => codec::measure(),
            Self::BuildTime => compile_time::measure(options),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Calls => "calls",
            Self::Growth => "growth",
            Self::FirstCall => "first-call",
            Self::Recovery => "recovery",
            Self::Lines => "lines",
            Self::Codec => "codec",
            Self::BuildTime => "build-time",
        })
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|part| part.to_string() == text);
        found.ok_or_else(|| format!("no such part: {text}"))
    }
}
