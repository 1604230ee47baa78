//! The tests that `#[rpc_client(lock = …)]` generates.
//!
//! One test checks that the trait's lock is up to date, and writes the lock if it is asked to. The other
//! checks that a client under the cap of a release sends only what that release accepts.
//!
//! The macro has compared the trait with the lock already. So these tests compare no traits, and do not
//! interpret an existing lock: a new section is inserted between the others. Lines are added to a section only
//! for types and errors that were known by their names alone when it was written.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Write as _;
use std::ops::Range;
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

/// Serialises writers: two traits, one for each major version, may share a lock, and their tests run
/// concurrently.
static WRITING: Mutex<()> = Mutex::new(());

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
    /// They go into the sections of the releases that have them. Until then no change to them is found.
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

    /// The lock's text with `types` at the end of the last section of this major version, and with the errors of methods
    /// whose classes were not known. Leaves out what another test of the same lock has just written.
    fn with_known(&self, text: &str, types: &str) -> Result<String, String> {
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
                if let Change::Additive(place) = change(old, structure, direction) {
                    let subject = fault::subject(name, place);
                    changes.push(format!("{} is new", subject.as_str()));
                }
            }
            let word = if is_error { "error" } else { "type" };
            let (name, shape) = (quoted_if_needed(name), shape.replace('\\', "\\\\"));
            let _ = writeln!(text, "{word} {name} {fingerprint:016x}\n  {shape}");
        }
        (changes, text)
    }

    /// Changes the lock's text, and writes it unless `change` returns `None`. The text of a lock that does not exist is
    /// its header.
    fn rewrite(
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

    /// Fails if a client under the cap of a release sends something that the release does not accept.
    ///
    /// # Panics
    ///
    /// When the test fails.
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

/// A method in a release. All names are escaped, as the macro writes them.
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

/// Parses the releases as the macro wrote them: for each version, the methods that were added or changed.
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

/// The mistakes in a method's message under the cap of a release: parts that the release does not accept.
fn not_accepted(method: &Method, cap: Version, known: &[Form]) -> Vec<String> {
    // The cap does not allow the method, so no message is sent.
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

/// The names of the arguments in a message.
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

/// Whether the type itself, and not only a part of it, is a `name<…>`.
fn is_a(ty: &str, name: &str) -> bool {
    let (path, _) = ty.split_once('<').unwrap_or_default();
    path.rsplit("::").next() == Some(name)
}

fn escaped(name: &str) -> String {
    name.escape_default().to_string()
}

#[cfg(test)]
mod tests;
