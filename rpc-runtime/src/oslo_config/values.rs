//! Finds the value of an option in files and environment variables, with oslo.config's order of precedence.

use std::collections::HashMap;
use std::fmt;

use super::catalogue::{Kind, find};
use super::ini::{DEFAULT, Sections, section_name};
use super::substitute::substitute;
use crate::{Error, Result};

/// The maximum depth of nested references. It only stops a reference to itself.
const DEEPEST: u8 = 32;

/// All values that were read. It does not implement `Debug`, because values may be passwords.
#[derive(Clone, Default)]
pub(super) struct Values {
    /// The files, from the first to the last, which has precedence.
    pub(super) files: Vec<(String, Sections)>,
    pub(super) environment: HashMap<String, String>,
}

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    File(String),
    Variable(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => f.write_str(file),
            Self::Variable(name) => write!(f, "the environment variable {name}"),
        }
    }
}

/// The values of one option, as written. There are several only if the option may be set several times.
pub(super) struct Found {
    pub(super) values: Vec<String>,
    pub(super) origin: Origin,
}

impl Values {
    /// The value of an option, with references replaced. `None` if it is not set.
    pub(super) fn get(&self, group: &str, name: &str) -> Result<Option<(String, Origin)>> {
        let Some(Found { mut values, origin }) = self.find(group, name) else {
            return Ok(None);
        };
        let value = values.pop().unwrap_or_default();
        let value = self.replaced(group, name, &value, 0)?;
        Ok(Some((value, origin)))
    }

    /// All values of an option that may be set several times, those of earlier files first.
    pub(super) fn get_all(&self, group: &str, name: &str) -> Result<Vec<String>> {
        let found = self.find(group, name);
        let values = found.map_or_else(Vec::new, |found| found.values);
        let replaced = values
            .iter()
            .map(|value| self.replaced(group, name, value, 0));
        replaced.collect()
    }

    pub(super) fn is_set(&self, group: &str, name: &str) -> bool {
        self.find(group, name).is_some()
    }

    /// The names of all options that the files set in `group`, sorted.
    pub(super) fn names(&self, group: &str) -> Vec<&str> {
        let sections = self.files.iter().filter_map(|(_, file)| file.get(group));
        let mut names: Vec<_> = sections
            .flat_map(HashMap::keys)
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn find(&self, group: &str, name: &str) -> Option<Found> {
        let variable = format!("OS_{}__{}", group.to_uppercase(), name.to_uppercase());
        if let Some(value) = self.environment.get(&variable) {
            return Some(Found {
                values: vec![value.clone()],
                origin: Origin::Variable(variable),
            });
        }
        let group = section_name(group);
        let option = find(&group, name);
        let deprecated = option.map_or(&[][..], |option| option.deprecated);
        let names = || std::iter::once(name).chain(deprecated.iter().copied());
        let mut found: Option<Found> = None;
        // From the last file to the first. A deprecated name in a later file takes precedence over the
        // current name in an earlier one.
        for (file, sections) in self.files.iter().rev() {
            let Some(section) = sections.get(&group) else {
                continue;
            };
            for values in names().filter_map(|name| section.get(name)) {
                let found = found.get_or_insert_with(|| Found {
                    values: Vec::new(),
                    origin: Origin::File(file.clone()),
                });
                if found.values.is_empty() || option.is_none_or(|option| option.kind == Kind::Many)
                {
                    found.values.splice(0..0, values.iter().cloned());
                }
            }
        }
        found
    }

    fn replaced(&self, group: &str, name: &str, value: &str, depth: u8) -> Result<String> {
        // No error quotes the reference, because it may be part of a password.
        substitute(value, |reference| {
            if depth == DEEPEST {
                return Err(Error::Config(format!(
                    "`{name}` in [{group}] refers to itself: write its value"
                )));
            }
            self.referenced(group, reference, depth)?.ok_or_else(|| {
                Error::Config(format!(
                    "`{name}` in [{group}] refers to an option that is not set: set that option, or write `$$` for a \
                     dollar sign"
                ))
            })
        })
    }

    /// The value of `$reference` in a value of `group`: the option of that group, or else of the default
    /// group.
    fn referenced(&self, group: &str, reference: &str, depth: u8) -> Result<Option<String>> {
        let (of_group, name) = reference.split_once('.').unwrap_or((group, reference));
        for (of_group, name) in [(of_group, name), (DEFAULT, reference)] {
            let option = find(&section_name(of_group), name);
            let value = match self.find(of_group, name) {
                Some(found) => found.values.last().cloned(),
                None => option.map(|option| option.default.unwrap_or_default().to_owned()),
            };
            if let Some(value) = value {
                let value = self.replaced(of_group, name, &value, depth + 1)?;
                return Ok(Some(match option {
                    Some(option) => option.kind.shown(value),
                    None => value,
                }));
            }
        }
        Ok(None)
    }
}

impl Kind {
    /// A value as it appears inside another one. oslo.config inserts the parsed value as Python prints it.
    fn shown(self, value: String) -> String {
        match self {
            Self::Integer => value.trim().parse::<i64>().map_or(value, |n| n.to_string()),
            Self::Boolean => match boolean(&value) {
                Some(true) => "True".into(),
                Some(false) => "False".into(),
                None => value,
            },
            Self::Text | Self::Choice | Self::Float | Self::List | Self::Many => value,
        }
    }
}

/// Parses a boolean as oslo.config does.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}
