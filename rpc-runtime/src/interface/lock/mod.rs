//! The tests that `#[rpc_client(lock = …)]` generates.
//!
//! One test checks that the trait's lock is up to date, and writes the lock if it is asked to. The other
//! checks that a client under the cap of a release sends only what that release accepts.
//!
//! The macro has compared the trait with the lock already, so these tests do not. They find sections and methods in
//! an existing lock by their first lines, and insert text.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::{self, Write as _};

use self::change::{Change, change};
use self::direction::Direction;
use self::structures::{Released, Use, is_error};
use super::Interface;
use super::describe::Structure;
use crate::Version;

mod accepted;
mod change;
mod direction;
pub(crate) mod fault;
mod shape;
pub(crate) mod structures;
mod text;

/// A trait and its lock, as the macro read them.
#[derive(Debug, Clone, Copy)]
pub struct Lock {
    interface: &'static Interface,
    /// The root of the package, and the lock's path in it.
    path: [&'static str; 2],
    command: &'static str,
    version: Version,
    last: Option<Version>,
    additions: &'static [&'static str],
    releases: &'static str,
    uses: &'static [Use],
    released: &'static [Released],
    methods: &'static [Recorded],
    /// The header of a new file and the beginning of the section. `None` if the lock is not to be written.
    release: Option<[&'static str; 2]>,
}

/// A method as a lock records it.
#[derive(Debug, Clone, Copy)]
pub struct Recorded {
    name: &'static str,
    /// The text to record. Empty unless the lock is to be written.
    text: &'static str,
    /// Whether the method differs from the last release.
    is_new: bool,
    /// The name of the error in the last release (empty if there was none), and the current error.
    error: Option<(&'static str, Option<&'static Structure>)>,
}

impl Recorded {
    /// A method with its text, and whether it differs from the last release.
    #[must_use]
    pub const fn new(name: &'static str, text: &'static str, is_new: bool) -> Self {
        Self {
            name,
            text,
            is_new,
            error: None,
        }
    }

    /// Sets the name of the error in the last release, and the current error.
    #[must_use]
    pub const fn raises(
        mut self,
        released: &'static str,
        error: Option<&'static Structure>,
    ) -> Self {
        self.error = Some((released, error));
        self
    }

    fn section(&self) -> Option<String> {
        let (released, error) = self.error.unwrap_or_default();
        let raises = error.and_then(Structure::name);
        if !self.is_new && released == raises.unwrap_or_default() {
            return None;
        }
        let (first, rest) = self.text.split_once('\n').unwrap_or((self.text, ""));
        let raises = raises.map_or_else(String::new, raises_line);
        Some(format!("{first}\n{raises}{rest}"))
    }

    /// The method and the line of its error, if the method is released and its error's classes are known only since
    /// then.
    fn newly_raised(&self) -> Option<(&Self, String)> {
        let (released, error) = self.error?;
        let name = error?.name()?;
        (!self.is_new && released.is_empty()).then(|| (self, raises_line(name)))
    }
}

fn raises_line(name: &str) -> String {
    format!("  raises {}\n", quoted_if_needed(name))
}

impl Lock {
    /// A trait that has `additions` since its last release.
    #[must_use]
    pub const fn new(
        interface: &'static Interface,
        path: [&'static str; 2],
        command: &'static str,
        version: Version,
        additions: &'static [&'static str],
        releases: &'static str,
    ) -> Self {
        Self {
            interface,
            path,
            command,
            version,
            last: None,
            additions,
            releases,
            uses: &[],
            released: &[],
            methods: &[],
            release: None,
        }
    }

    /// Sets the types that are sent, and the released structures.
    #[must_use]
    pub const fn with_types(mut self, uses: &'static [Use], released: &'static [Released]) -> Self {
        self.uses = uses;
        self.released = released;
        self
    }

    /// Sets the methods.
    #[must_use]
    pub const fn with_methods(mut self, methods: &'static [Recorded]) -> Self {
        self.methods = methods;
        self
    }

    /// Sets the last release of this major version.
    #[must_use]
    pub const fn after(mut self, last: Version) -> Self {
        self.last = Some(last);
        self
    }

    /// Makes the test write the lock. `header` begins a new file, and `address` begins the section.
    #[must_use]
    pub const fn to_be_released(mut self, header: &'static str, address: &'static str) -> Self {
        self.release = Some([header, address]);
        self
    }

    /// Fails if the lock is out of date. If it is to be written, writes it instead.
    ///
    /// # Panics
    ///
    /// When the test fails.
    pub fn is_up_to_date(&self) {
        if let Some(unknown) = self.unknown().filter(|_| self.release.is_some()) {
            // Directly to stderr, because the test harness hides the output of a test that succeeds.
            let _ = writeln!(io::stderr(), "{unknown}");
        }
        if let Err(why) = self.bring_up_to_date() {
            panic!("the lock {} {why}", self.path[1]);
        }
    }

    /// A message about the types that the lock knows by name only, if there are any.
    fn unknown(&self) -> Option<String> {
        let mut names: Vec<String> = Vec::new();
        let mut add = |name: String| {
            if !names.contains(&name) {
                names.push(name);
            }
        };
        for used in self.uses {
            if used.found.is_none() && used.direction != Direction::Error {
                add(format!("`{}`", used.written));
            }
        }
        for method in self.methods {
            if let Some((_, None)) = method.error {
                add(format!("the error of `{}`", method.name));
            }
        }
        (!names.is_empty()).then(|| {
            format!(
                "the lock {} does not detect changes of these types, because it does not record their structure: {}. Derive `Describe` for the types, and `IntoRemoteError` for the errors. With `strict`, this is an error",
                self.path[1],
                names.join(", ")
            )
        })
    }

    fn bring_up_to_date(&self) -> Result<(), String> {
        let refused = |why| format!("was not written: {why}");
        let (changes, types) = self.types();
        if self.additions.is_empty() && changes.is_empty() {
            return self.record_what_became_known(&types);
        }
        if let Some([_, address]) = self.release {
            let methods: String = self.methods.iter().filter_map(Recorded::section).collect();
            let section = format!("[{}]\n{address}{methods}{types}", self.version);
            let written = self.rewrite(|text| self.with_section(text, &section));
            return written.map_err(refused);
        }
        let additions = self.additions.iter().map(ToString::to_string);
        let additions: Vec<_> = additions.chain(changes).collect();
        Err(format!(
            "is behind the trait `{}`: {}. To release it as {}, run `{}`",
            self.interface.name(),
            additions.join(", "),
            self.version,
            self.command
        ))
    }

    /// Records the structures of released types and errors that were known by their names alone, and are described now.
    /// [`with_known`](Lock::with_known) writes each type at the end of the last section of the major version, and each
    /// error below its method. Until a structure is recorded, the lock does not detect changes to it.
    fn record_what_became_known(&self, types: &str) -> Result<(), String> {
        let names = types.lines().filter_map(|line| {
            let (word, rest) = line.split_once(' ').unwrap_or_default();
            let name = rest.rsplit_once(' ').unwrap_or_default().0;
            (word == "type").then(|| format!("the type {name}"))
        });
        let errors = self.methods.iter().filter_map(Recorded::newly_raised);
        let errors = errors.map(|(method, _)| format!("the error of `{}`", method.name));
        let known: Vec<_> = names.chain(errors).collect();
        if known.is_empty() {
            return Ok(());
        }
        if self.release.is_none() {
            return Err(format!(
                "does not record the structure of {}, and so finds no change to it. To record it, run `{}`",
                known.join(", "),
                self.command
            ));
        }
        let written = self.rewrite(|text| self.with_known(text, types).map(Some));
        written.map_err(|why| format!("was not written: {why}"))
    }

    /// The additions to types since their release, and the text of the types to record. Breaking changes do
    /// not reach this point, because they do not compile.
    fn types(&self) -> (Vec<String>, String) {
        let mut named = BTreeMap::new();
        for used in self.uses {
            if let Some(structure) = used.found {
                collect(structure, used.direction, &mut named);
            }
        }
        let (mut changes, mut text) = (Vec::new(), String::new());
        for ((is_error, name), (structure, direction)) in named {
            let (shape, fingerprint) = (structure.shape(), structure.fingerprint());
            let mut released = self.released.iter().rev();
            if let Some(old) = released.find(|old| old.is_of(name, is_error)) {
                if old.shape == shape && old.fingerprint == fingerprint {
                    continue;
                }
                match change(old, structure, direction) {
                    Change::Additive(place) => {
                        let subject = fault::subject(name, place);
                        changes.push(format!("{} is new", subject.as_str()));
                    }
                    // Such as another order of the fields. There is something to record only if an opaque part is
                    // described now.
                    Change::Same if opaque_parts(old.shape) == opaque_parts(shape) => continue,
                    Change::Same | Change::Breaking(_) => {}
                }
            }
            let word = if is_error { "error" } else { "type" };
            let (name, shape) = (quoted_if_needed(name), shape.replace('\\', "\\\\"));
            let _ = writeln!(text, "{word} {name} {fingerprint:016x}\n  {shape}");
        }
        (changes, text)
    }
}

/// How many parts a shape knows by their names alone.
fn opaque_parts(shape: &str) -> usize {
    shape.matches("opaque ").count()
}

type Named = BTreeMap<(bool, &'static str), (&'static Structure, Direction)>;

/// Collects the named structures within a structure.
fn collect(structure: &'static Structure, direction: Direction, named: &mut Named) {
    if let Some(name) = structure.name() {
        named.insert((is_error(structure.shape()), name), (structure, direction));
    }
    for part in structure.parts() {
        collect(part.structure(), direction, named);
    }
}

/// A name as a lock writes it: in quotation marks unless it is one plain word. The macro crate has the same
/// function; both must agree.
fn quoted_if_needed(name: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "_.-".contains(letter);
    if !name.is_empty() && name.chars().all(plain) {
        return name.to_owned();
    }
    let name = name.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", name.replace('\n', "\\n").replace('\r', "\\r"))
}

#[cfg(test)]
mod tests;
