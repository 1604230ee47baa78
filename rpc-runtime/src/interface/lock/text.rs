//! The text of a lock's file: where its sections are, and what is added to them.
//!
//! Each section records one release. Sections are in the order of versions. Lines are added to an existing section only
//! for types and errors whose structure was not known when the section was written.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{Lock, Recorded};
use crate::sync::Mutex;
use crate::version::Version;

/// Serialises writers: two traits, one for each major version, may share a lock, and their tests run
/// concurrently.
static WRITING: Mutex<()> = Mutex::new(());

impl Lock {
    /// The lock's text with `types` at the end of the last section of this major version, and with the errors of methods
    /// whose classes were not known. Leaves out what another test of the same lock has just written.
    pub(super) fn with_known(&self, text: &str, types: &str) -> Result<String, String> {
        let mut text = text.to_owned();
        for (method, raises) in self.methods.iter().filter_map(Recorded::newly_raised) {
            let first = method.text.lines().next().unwrap_or_default();
            let line = format!("\n{first}\n");
            let own = self.own_sections(&text).ok_or(CHANGED)?;
            let at = text[own.clone()].rfind(&line).ok_or(CHANGED)?;
            let end = own.start + at + line.len();
            if !text[end..].starts_with(&raises) {
                text.insert_str(end, &raises);
            }
        }
        let own = self.own_sections(&text).ok_or(CHANGED)?;
        let mut unwritten = String::new();
        // A record is two lines: the name and the shape.
        let lines: Vec<_> = types.split_inclusive('\n').collect();
        for record in lines.chunks(2).map(<[&str]>::concat) {
            if !text[own.clone()].contains(&record) {
                unwritten.push_str(&record);
            }
        }
        let (before, after) = text.split_at(own.end);
        let gap = if after.is_empty() { "" } else { "\n" };
        Ok(format!("{}\n{unwritten}{gap}{after}", before.trim_end()))
    }

    /// Where the sections of this major version are in the lock's text, up to the last release.
    fn own_sections(&self, text: &str) -> Option<Range<usize>> {
        let last = self.last?;
        let is_own = |version: &Version| version.major() == last.major() && *version <= last;
        let mut sections = sections(text);
        let (start, _) = sections.find(|(_, version)| is_own(version))?;
        let end = sections.find(|(_, version)| !is_own(version));
        Some(start..end.map_or(text.len(), |(end, _)| end))
    }

    /// Changes the lock's text, and writes it unless `change` returns `None`. The text of a lock that does not exist is
    /// its header.
    pub(super) fn rewrite(
        &self,
        change: impl FnOnce(&str) -> Result<Option<String>, String>,
    ) -> Result<(), String> {
        let path: PathBuf = self.path.iter().collect();
        let told = |error: io::Error| error.to_string();
        let [header, _] = self.release.unwrap_or_default();
        let _writing = WRITING.lock();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => header.to_owned(),
            Err(error) => return Err(told(error)),
        };
        let Some(text) = change(&text)? else {
            return Ok(());
        };
        fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).map_err(told)?;
        fs::write(&path, text).map_err(told)
    }

    /// The lock's text with the section inserted in the order of versions. `None` if the section is there
    /// already.
    pub(super) fn with_section(&self, text: &str, section: &str) -> Result<Option<String>, String> {
        let mut place = text.len();
        let mut last = None;
        for (start, version) in sections(text) {
            if version > self.version {
                place = start;
                break;
            }
            if version.major() == self.version.major() {
                last = Some((start, version));
            }
        }
        let (before, after) = text.split_at(place);
        match last {
            Some((start, version)) if version == self.version => {
                let written = before[start..].trim_end() == section.trim_end();
                if written {
                    Ok(None)
                } else {
                    Err(CHANGED.to_owned())
                }
            }
            last if last.map(|(_, version)| version) == self.last => {
                let mut text = format!("{}\n\n{section}", before.trim_end());
                if !after.is_empty() {
                    let _ = write!(text, "\n{after}");
                }
                Ok(Some(text))
            }
            _ => Err(CHANGED.to_owned()),
        }
    }
}

pub(super) const CHANGED: &str = "it changed since this was compiled. Run the command again";

/// The start and the version of each section of a lock.
fn sections(text: &str) -> impl Iterator<Item = (usize, Version)> {
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let at = start;
        start += line.len();
        let version = line.trim_end().strip_prefix('[')?.strip_suffix(']')?;
        Some((at, version.parse().ok()?))
    })
}
