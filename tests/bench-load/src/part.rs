//! The parts of a run, each of which is measured, printed and reported by itself: what happens to one of them does
//! not cost the others.

use std::fmt;
use std::str::FromStr;

use crate::goals::Goal;
use crate::options::Options;
use crate::{Result, calls, codec, compile_time, first_call, growth, lines, recovery};

/// What is measured at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The contenders under load.
    Calls,
    /// What a call costs as something grows.
    Growth,
    /// The first call of a process.
    FirstCall,
    /// The next call after a lost connection.
    Recovery,
    /// Calls and casts over long lines.
    Lines,
    /// Instructions of the codec.
    Codec,
    /// What a trait costs to compile.
    BuildTime,
}

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Section {
    /// Markdown.
    pub(crate) text: String,
    pub(crate) charts: Vec<Chart>,
    pub(crate) goals: Vec<Goal>,
}

/// A picture for the report.
#[derive(Debug)]
pub(crate) struct Chart {
    /// Of its file.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) svg: String,
}

impl Part {
    /// In the order in which they are measured: what the compiler heats comes last.
    pub(crate) const ALL: [Self; 7] = [
        Self::Calls,
        Self::Growth,
        Self::FirstCall,
        Self::Recovery,
        Self::Lines,
        Self::Codec,
        Self::BuildTime,
    ];

    /// Whether it takes minutes, however little is asked for: it builds programs of its own.
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
