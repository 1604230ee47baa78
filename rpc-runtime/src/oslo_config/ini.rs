//! Parses the text of one oslo.config file into sections, with the same rules as oslo.config's own parser.
//!
//! Values are not interpreted here. No error quotes a line, because a line may contain a password.

use std::collections::HashMap;
use std::fmt;

/// The values of one file, by section (in lower case) and option. The values of an option are in the order of
/// the file.
pub(super) type Sections = HashMap<String, HashMap<String, Vec<String>>>;

/// The only section whose name is not converted to lower case.
pub(super) const DEFAULT: &str = "DEFAULT";

/// The error in a line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed {
    /// The number of the line, from 1.
    pub(super) line: usize,
    pub(super) problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    NoAssignment,
    EmptyKey,
    StrayContinuation,
    OpenSection,
    UnnamedSection,
    NoSection,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            Problem::NoAssignment => "there is no `=` and no `:`: write `option = value`",
            Problem::EmptyKey => "the option has no name: write `option = value`",
            Problem::StrayContinuation => {
                "the line is indented, and continues no value: remove the spaces in front of it"
            }
            Problem::OpenSection => "the section's name has no end: write `[section]`",
            Problem::UnnamedSection => "the section has no name: write `[section]`",
            Problem::NoSection => "the option is in no section: write `[DEFAULT]` above it",
        };
        write!(f, "line {}: {problem}", self.line)
    }
}

/// The key of a section in [`Sections`].
pub(super) fn section_name(name: &str) -> String {
    if name == DEFAULT {
        name.to_owned()
    } else {
        name.to_lowercase()
    }
}

/// Parses the text of a file.
pub(super) fn parse(text: &str) -> Result<Sections, Malformed> {
    let mut reader = Reader::default();
    for (index, line) in lines(text).enumerate() {
        reader.line(line).map_err(|problem| Malformed {
            line: index + 1,
            problem,
        })?;
    }
    reader.finish().map_err(|problem| Malformed {
        line: lines(text).count(),
        problem,
    })
}

/// The lines of the text. As in Python, a line ends at `\n`, `\r\n` or `\r`.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
        .flat_map(|line| line.trim_end_matches(['\n', '\r']).split('\r'))
}

/// Whether Python's `str.strip` removes the character.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

#[derive(Default)]
struct Reader {
    sections: Sections,
    section: Option<String>,
    /// The assignment that the next line may continue.
    pending: Option<(String, String)>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), Problem> {
        let line = line.trim_end_matches(is_space);
        if line.is_empty() {
            return self.assign();
        }
        if line.starts_with([' ', '\t']) {
            let (_, value) = self.pending.as_mut().ok_or(Problem::StrayContinuation)?;
            value.push('\n');
            value.push_str(line.trim_start_matches(is_space));
            return Ok(());
        }
        self.assign()?;
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest.strip_suffix(']').ok_or(Problem::OpenSection)?;
            if name.is_empty() {
                return Err(Problem::UnnamedSection);
            }
            let name = section_name(name);
            self.sections.entry(name.clone()).or_default();
            self.section = Some(name);
        } else if !line.starts_with(['#', ';']) {
            let (key, value) = line.split_once(['=', ':']).ok_or(Problem::NoAssignment)?;
            let key = key.trim_matches(is_space);
            if key.is_empty() {
                return Err(Problem::EmptyKey);
            }
            let value = unquote(value.trim_matches(is_space));
            self.pending = Some((key.to_owned(), value.to_owned()));
        }
        Ok(())
    }

    fn assign(&mut self) -> Result<(), Problem> {
        let Some((key, value)) = self.pending.take() else {
            return Ok(());
        };
        let section = self.section.as_ref().ok_or(Problem::NoSection)?;
        let section = self.sections.entry(section.clone()).or_default();
        section.entry(key).or_default().push(value);
        Ok(())
    }

    fn finish(mut self) -> Result<Sections, Problem> {
        self.assign()?;
        Ok(self.sections)
    }
}

/// Removes one pair of quotes around the first line of a value. As in oslo.config, a lone quote counts as a
/// pair.
fn unquote(value: &str) -> &str {
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) if value.ends_with(quote) => {
            let rest = &value[1..];
            rest.strip_suffix(quote).unwrap_or(rest)
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, section: &str, key: &str) -> Vec<String> {
        parse(text).unwrap()[section][key].clone()
    }

    #[test]
    fn values_are_trimmed_unquoted_continued_and_collected() {
        let text = "[DEFAULT]\na = 1 \nb: ' 2 '\n[Other]\na = \"x\n\ty\n\n[DEFAULT]\na=3\rc=\"\n";
        assert_eq!(values(text, DEFAULT, "a"), ["1", "3"]);
        assert_eq!(values(text, DEFAULT, "b"), [" 2 "]);
        assert_eq!(values(text, DEFAULT, "c"), [""]);
        assert_eq!(values(text, "other", "a"), ["\"x\ny"]);
    }

    #[test]
    fn errors_have_the_line_number_and_do_not_quote_the_line() {
        for (text, line, problem) in [
            ("[DEFAULT]\nhunter2", 2, Problem::NoAssignment),
            ("[DEFAULT]\n= hunter2", 2, Problem::EmptyKey),
            ("[DEFAULT]\n\n hunter2", 3, Problem::StrayContinuation),
            ("[DEFAULT]\na=1\n#\n hunter2", 4, Problem::StrayContinuation),
            ("[hunter2", 1, Problem::OpenSection),
            ("[]", 1, Problem::UnnamedSection),
            ("a=hunter2\n[DEFAULT]", 2, Problem::NoSection),
            ("a=hunter2", 1, Problem::NoSection),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error, Malformed { line, problem }, "{text}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
