//! The tests that `#[rpc_client(lock = …)]` writes: whether a trait's lock is up to date, and whether what a
//! client sends under the cap of a release is what that release knows. One of them writes the lock, when it is
//! asked to.
//!
//! The macro has compared the trait with the lock, so that nothing is compared here, and the lock is not even
//! read: a section is put between the others.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use self::change::{Change, change};
use self::direction::Direction;
use self::structures::{Released, Use, is_error};
use super::describe::Structure;
use super::{Argument, Below, Interface, Method, Role};
use crate::sync::Mutex;
use crate::version::{ParseVersionError, Version};

mod change;
mod direction;
pub(crate) mod fault;
mod shape;
pub(crate) mod structures;

/// A trait and its lock, as the macro found them.
#[derive(Debug, Clone, Copy)]
pub struct Lock {
    interface: &'static Interface,
    /// The package's root, and the path within.
    path: [&'static str; 2],
    command: &'static str,
    version: Version,
    last: Option<Version>,
    additions: &'static [&'static str],
    releases: &'static str,
    uses: &'static [Use],
    released: &'static [Released],
    methods: &'static [Recorded],
    /// The beginning of a new file, and that of the section, if it is to be written.
    release: Option<[&'static str; 2]>,
}

/// A method, as a lock has it.
#[derive(Debug, Clone, Copy)]
pub struct Recorded {
    name: &'static str,
    /// Its text, while the lock is written.
    text: &'static str,
    /// Whether it is another than it was.
    is_new: bool,
    /// The name of the error that it was released with, if there was one, and the error of today.
    error: Option<(&'static str, Option<&'static Structure>)>,
}

impl Recorded {
    /// A method with its text, and whether that is another than it was.
    #[must_use]
    pub const fn new(name: &'static str, text: &'static str, is_new: bool) -> Self {
        Self {
            name,
            text,
            is_new,
            error: None,
        }
    }

    /// With the error that it was released with, and the one that it has.
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
        let raises = raises.map_or_else(String::new, |name| {
            format!("  raises {}\n", in_marks_if_odd(name))
        });
        Some(format!("{first}\n{raises}{rest}"))
    }
}

/// Two traits may have one lock, each for its major.
static WRITING: Mutex<()> = Mutex::new(());

impl Lock {
    /// A trait that has `additions` beside what was released.
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

    /// With the types that are sent, and the structures that were released.
    #[must_use]
    pub const fn with_types(mut self, uses: &'static [Use], released: &'static [Released]) -> Self {
        self.uses = uses;
        self.released = released;
        self
    }

    /// With the methods.
    #[must_use]
    pub const fn with_methods(mut self, methods: &'static [Recorded]) -> Self {
        self.methods = methods;
        self
    }

    /// With the last release of this major.
    #[must_use]
    pub const fn after(mut self, last: Version) -> Self {
        self.last = Some(last);
        self
    }

    /// To be written, with this beginning if there is no file, and this one of the section.
    #[must_use]
    pub const fn to_be_released(mut self, header: &'static str, address: &'static str) -> Self {
        self.release = Some([header, address]);
        self
    }

    /// Fails if the lock lacks something; writes it if that was asked for.
    ///
    /// # Panics
    ///
    /// As tests do.
    pub fn is_up_to_date(&self) {
        if let Some(unknown) = self.unknown().filter(|_| self.release.is_some()) {
            // Past the test harness, which would keep what a test prints that succeeds.
            let _ = writeln!(io::stderr(), "{unknown}");
        }
        if let Err(why) = self.bring_up_to_date() {
            panic!("the lock {} {why}", self.path[1]);
        }
    }

    /// What the lock does not see into, if there is something.
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
                "the lock {} knows by their names alone: {}. It does not see what changes within: derive `Describe` for the types, and `IntoRemoteError` for the errors; `strict` demands it",
                self.path[1],
                names.join(", ")
            )
        })
    }

    fn bring_up_to_date(&self) -> Result<(), String> {
        let refused = |why| format!("was not written: {why}");
        let (changes, types) = self.types();
        if self.additions.is_empty() && changes.is_empty() {
            return Ok(());
        }
        if let Some([header, address]) = self.release {
            let methods: String = self.methods.iter().filter_map(Recorded::section).collect();
            let section = format!("[{}]\n{address}{methods}{types}", self.version);
            return self.write(header, &section).map_err(refused);
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

    /// What came to types since they were released, and the text of those that are to be recorded. That peers can
    /// bear it is known, since it compiled.
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
                if let Change::Additive(place) = change(old, structure, direction) {
                    let subject = fault::subject(name, place);
                    changes.push(format!("{} is new", subject.as_str()));
                }
            }
            let word = if is_error { "error" } else { "type" };
            let (name, shape) = (in_marks_if_odd(name), shape.replace('\\', "\\\\"));
            let _ = writeln!(text, "{word} {name} {fingerprint:016x}\n  {shape}");
        }
        (changes, text)
    }

    fn write(&self, header: &str, section: &str) -> Result<(), String> {
        let path: PathBuf = self.path.iter().collect();
        let told = |error: io::Error| error.to_string();
        let _writing = WRITING.lock();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => header.to_owned(),
            Err(error) => return Err(told(error)),
        };
        let Some(text) = self.with_section(&text, section)? else {
            return Ok(());
        };
        fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).map_err(told)?;
        fs::write(&path, text).map_err(told)
    }

    /// The text with the section, at the place that its version has, unless it is there.
    fn with_section(&self, text: &str, section: &str) -> Result<Option<String>, String> {
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

    /// Fails if a client under the cap of a release sends what that release does not know.
    ///
    /// # Panics
    ///
    /// As tests do.
    pub fn sends_what_each_release_accepts(&self) {
        let mut mistakes = Vec::new();
        let mut known = Vec::new();
        for (version, changed) in releases(self.releases).unwrap_or_default() {
            for form in changed {
                known.retain(|other: &Form| !form.is_called(&other.names[0]));
                known.push(form);
            }
            for method in self.interface.methods() {
                mistakes.extend(not_accepted(method, version, &known));
            }
        }
        assert!(
            mistakes.is_empty(),
            "`{}` does not send what its releases accept: {}",
            self.interface.name(),
            mistakes.join("; ")
        );
    }
}

const CHANGED: &str = "it changed since this was compiled. Run the command again";

type Named = BTreeMap<(bool, &'static str), (&'static Structure, Direction)>;

/// The structures within that have names.
fn collect(structure: &'static Structure, direction: Direction, named: &mut Named) {
    if let Some(name) = structure.name() {
        named.insert((is_error(structure.shape()), name), (structure, direction));
    }
    for part in structure.parts() {
        collect(part.structure(), direction, named);
    }
}

/// A name as it stands in a lock: in quotation marks unless it is one plain word.
fn in_marks_if_odd(name: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "_.-".contains(letter);
    if !name.is_empty() && name.chars().all(plain) {
        return name.to_owned();
    }
    let name = name.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", name.replace('\n', "\\n").replace('\r', "\\r"))
}

/// Where the sections of a lock begin, and their versions.
fn sections(text: &str) -> impl Iterator<Item = (usize, Version)> {
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let at = start;
        start += line.len();
        let version = line.trim_end().strip_prefix('[')?.strip_suffix(']')?;
        Some((at, version.parse().ok()?))
    })
}

/// What a release knows of a method. All names are escaped, as the macro has them.
#[derive(Debug)]
struct Form {
    names: Vec<String>,
    needed: Vec<String>,
    accepted: Vec<String>,
}

impl Form {
    fn is_called(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }
}

/// Reads what the macro made of the lock: the methods that came or changed with each version.
fn releases(text: &str) -> Result<Vec<(Version, Vec<Form>)>, ParseVersionError> {
    let mut releases = Vec::new();
    for line in text.lines() {
        let (mark, name) = line.split_at(2);
        let name = name.to_owned();
        if mark == "[ " {
            releases.push((name.parse()?, Vec::new()));
            continue;
        }
        let Some((_, methods)) = releases.last_mut() else {
            continue;
        };
        if mark == "m " {
            methods.push(Form {
                names: vec![name],
                needed: Vec::new(),
                accepted: Vec::new(),
            });
            continue;
        }
        if let Some(form) = methods.last_mut() {
            match mark {
                "o " => form.names.push(name),
                "r " => form.needed.push(name),
                _ => form.accepted.push(name),
            }
        }
    }
    Ok(releases)
}

/// What of a method's message under the cap of a release is not what the release knows.
fn not_accepted(method: &Method, cap: Version, known: &[Form]) -> Vec<String> {
    // What the cap does not let out needs no taker.
    let Some(rung) = method.stamp(Some(cap)) else {
        return Vec::new();
    };
    let name = escaped(method.name_in(rung));
    let Some(form) = known.iter().find(|form| form.is_called(&name)) else {
        return vec![format!("{cap} has no method `{name}`")];
    };
    let mut sent = Sent::default();
    for argument in method.arguments() {
        sent.argument(argument, rung);
    }
    let is_known = |name: &&String| form.needed.contains(name) || form.accepted.contains(name);
    let unknown = (sent.always.iter().chain(&sent.sometimes))
        .filter(|name| !is_known(name))
        .map(|argument| format!("`{name}` of {cap} has no argument `{argument}`"));
    let missing = (form.needed.iter())
        .filter(|name| !sent.always.contains(name))
        .map(|argument| format!("`{name}` of {cap} needs the argument `{argument}`"));
    unknown.chain(missing).collect()
}

/// The names that arguments have in a message.
#[derive(Default)]
struct Sent {
    always: Vec<String>,
    sometimes: Vec<String>,
}

impl Sent {
    fn argument(&mut self, argument: &Argument, rung: Version) {
        if !matches!(argument.role(), Role::Sent | Role::Timeout) {
            return;
        }
        let holds_default = argument.default().is_some() || is_a(argument.ty(), "Option");
        if argument.until().is_some_and(|until| rung >= until) {
            return;
        }
        if argument.since().is_none_or(|since| rung >= since) {
            let name = escaped(argument.name_in(rung));
            if is_a(argument.ty(), "MaybeAbsent") {
                self.sometimes.push(name);
            } else {
                self.always.push(name);
            }
            return;
        }
        if let Below::With(names) = argument.below() {
            let own = [argument.name_in(rung)];
            let names = if names.is_empty() { &own } else { names };
            let names = names.iter().map(|name| escaped(name));
            if holds_default {
                self.sometimes.extend(names);
            } else {
                self.always.extend(names);
            }
        }
    }
}

/// Whether that is what the type is itself, rather than what is within.
fn is_a(ty: &str, name: &str) -> bool {
    let (path, _) = ty.split_once('<').unwrap_or_default();
    path.rsplit("::").next() == Some(name)
}

fn escaped(name: &str) -> String {
    name.escape_default().to_string()
}

#[cfg(test)]
mod tests;
