//! Parses and prints the text of a lock: one section for each release, with the methods and types that were
//! added or changed.
//!
//! ```text
//! [2.0]
//! interface Inventory
//!   topic inventory
//! call resize since 2.0 -> Host
//!   id: Uuid
//!   size: u32
//!     default 1
//! type Host 9c41f2ab33d0e1f2
//!   { name: String, rack?: u32 }
//! ```
//!
//! Each fact has its own line, so that a diff shows what changed. The first section of a major version lists
//! everything. A later section lists the whole new form of each changed method. A new release is a new section, in the
//! order of versions. The lines of an existing section are never changed. Lines are added to it for types and errors
//! whose structure was not known when it was written.

use std::fmt::Write;

use super::form::{Address, Argument, Interface, Method, Mode, OldName, Structure};
use crate::attr::{Version, parse_version};
use crate::check::Shown;

/// The content of a lock.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct File {
    /// The releases, in the order of their versions.
    pub(crate) releases: Vec<Release>,
}

/// One section: a release.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) version: Version,
    /// The address. Only the first release of a major version has one.
    pub(crate) address: Option<Address>,
    /// The methods that were added or changed.
    pub(crate) methods: Vec<Method>,
    pub(crate) types: Vec<Structure>,
}

/// The error for a text that is not a lock.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// The number of the line, from 1.
    pub(crate) line: usize,
    pub(crate) message: String,
    /// Whether the line is a conflict marker of version control.
    pub(crate) in_conflict: bool,
}

impl File {
    /// The interface as released at `version`: the sections of the same major up to `version`, applied in order.
    /// Also returns the version of the last of them. Returns `None` if there are none.
    pub(crate) fn interface_at(&self, version: Version) -> Option<(Version, Interface)> {
        let releases = self.of_major(version.0);
        let mut releases = releases.filter(|release| release.version <= version);
        let first = releases.next()?;
        let mut interface = Interface {
            address: first.address.clone()?,
            methods: first.methods.clone(),
        };
        let mut last = first.version;
        for release in releases {
            interface.apply(&release.methods);
            last = release.version;
        }
        Some((last, interface))
    }

    /// The sections of a major version.
    pub(crate) fn of_major(&self, major: u32) -> impl Iterator<Item = &Release> {
        let releases = self.releases.iter();
        releases.filter(move |release| release.version.0 == major)
    }
}

/// The text of an interface's address, in a section.
pub(crate) fn print_address(address: &Address) -> String {
    let mut text = format!("interface {}\n", quoted_if_needed(&address.name));
    let named = [
        ("topic", &address.topic),
        ("exchange", &address.exchange),
        ("namespace", &address.namespace),
    ];
    for (word, value) in named {
        if let Some(value) = value {
            line(&mut text, &format!("  {word} {}", quoted_if_needed(value)));
        }
    }
    text
}

/// The text of a method, in a section.
pub(crate) fn print_method(method: &Method) -> String {
    let (word, name) = (method.mode.word(), quoted_if_needed(&method.name));
    let mut text = format!("{word} {name} since {}", Shown(method.since));
    if let Some(returns) = &method.returns {
        let _ = write!(text, " -> {}", escaped(returns));
    }
    text.push('\n');
    for version in &method.changed {
        line(&mut text, &format!("  changed {}", Shown(*version)));
    }
    print_old_names(&mut text, "  ", &method.old_names);
    for argument in &method.arguments {
        let (name, ty) = (quoted_if_needed(&argument.name), escaped(&argument.ty));
        line(&mut text, &format!("  {name}: {ty}"));
        if let Some(since) = argument.since {
            line(&mut text, &format!("    since {}", Shown(since)));
        }
        if let Some(until) = argument.until {
            line(&mut text, &format!("    until {}", Shown(until)));
        }
        if let Some(default) = &argument.default {
            line(&mut text, &format!("    default {}", escaped(default)));
        }
        for name in &argument.replaces {
            line(
                &mut text,
                &format!("    replaces {}", quoted_if_needed(name)),
            );
        }
        print_old_names(&mut text, "    ", &argument.old_names);
    }
    text
}

fn print_old_names(text: &mut String, indent: &str, names: &[OldName]) {
    for OldName { before, name } in names {
        let (name, before) = (quoted_if_needed(name), Shown(*before));
        line(text, &format!("{indent}was {name} before {before}"));
    }
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// A name as a lock writes it: in quotation marks unless it is one plain word. The runtime's
/// `interface::lock` has the same function; both must agree.
pub(crate) fn quoted_if_needed(name: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "_.-".contains(letter);
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        let name = escaped(name).replace('"', "\\\"");
        format!("\"{name}\"")
    }
}

/// Escapes a text, so that it is one line.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\");
    text.replace('\n', "\\n").replace('\r', "\\r")
}

fn unescaped(text: &str) -> String {
    let mut letters = text.chars();
    let mut plain = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some(other) => plain.push(other),
                None => {}
            },
            other => plain.push(other),
        }
    }
    plain
}

/// Parses a lock.
pub(crate) fn parse(text: &str) -> Result<File, Damage> {
    let mut parser = Parser::default();
    for (number, line) in (1..).zip(text.lines()) {
        let at_line = |message| Damage {
            line: number,
            message,
            in_conflict: is_conflict(line),
        };
        parser.line(line.trim_end()).map_err(at_line)?;
    }
    let ended = parser.end().and_then(|()| parser.has_release());
    ended.map_err(|message| Damage {
        line: text.lines().count().max(1),
        message,
        in_conflict: false,
    })?;
    Ok(parser.file)
}

/// Whether a line is a conflict marker of version control.
fn is_conflict(line: &str) -> bool {
    ["<<<<<<<", "|||||||", "=======", ">>>>>>>"]
        .iter()
        .any(|mark| line.starts_with(mark))
}

#[derive(Default)]
struct Parser {
    file: File,
    /// The item that indented lines belong to.
    item: Item,
}

#[derive(Default, PartialEq, Eq)]
enum Item {
    #[default]
    None,
    Address,
    Method,
    Type,
}

type Read<T> = Result<T, String>;

impl Parser {
    fn line(&mut self, line: &str) -> Read<()> {
        let rest = line.trim_start_matches(' ');
        let indent = line.len() - rest.len();
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(());
        }
        if indent == 0
            && let Some(version) = rest.strip_prefix('[')
        {
            let version = version.strip_suffix(']').and_then(parse_version);
            let version = version.ok_or("a section must begin with its version, as `[2.0]`")?;
            return self.section(version);
        }
        let Some(release) = self.file.releases.last_mut() else {
            return Err("a section must come first, as `[2.0]`".to_owned());
        };
        let mut words = Words(rest);
        match (indent, &self.item) {
            (0, _) => self.item = release.item(&mut words)?,
            (2, Item::Address) => {
                let address = release.address.as_mut().ok_or(LOST)?;
                let place = match words.word() {
                    "topic" => &mut address.topic,
                    "exchange" => &mut address.exchange,
                    "namespace" => &mut address.namespace,
                    _ => return Err(LOST.to_owned()),
                };
                *place = Some(words.name()?);
                words.end()?;
            }
            (2, Item::Method) => release.methods.last_mut().ok_or(LOST)?.detail(&mut words)?,
            (4, Item::Method) => {
                let method = release.methods.last_mut().ok_or(LOST)?;
                method
                    .arguments
                    .last_mut()
                    .ok_or(LOST)?
                    .detail(&mut words)?;
            }
            (2, Item::Type) => {
                let ty = release.types.last_mut().ok_or(LOST)?;
                if !ty.shape.is_empty() {
                    return Err(LOST.to_owned());
                }
                ty.shape = words.text();
            }
            _ => return Err(LOST.to_owned()),
        }
        Ok(())
    }

    fn section(&mut self, version: Version) -> Read<()> {
        if let Some(last) = self.file.releases.last()
            && last.version >= version
        {
            let last = Shown(last.version);
            return Err(format!("the section must have a version above {last}"));
        }
        self.end()?;
        self.item = Item::None;
        self.file.releases.push(Release {
            version,
            address: None,
            methods: Vec::new(),
            types: Vec::new(),
        });
        Ok(())
    }

    /// A lock contains a release. An empty lock would not protect anything.
    fn has_release(&self) -> Read<()> {
        if self.file.releases.is_empty() {
            return Err("a lock must have at least one release, as `[2.0]`".to_owned());
        }
        Ok(())
    }

    /// Exactly the first section of a major version has the interface's address.
    fn end(&self) -> Read<()> {
        let Some((last, before)) = self.file.releases.split_last() else {
            return Ok(());
        };
        let first = !before
            .iter()
            .any(|release| release.version.0 == last.version.0);
        match (first, &last.address) {
            (true, None) => Err(format!(
                "the section {} must begin with `interface`, as it is the first of its major",
                Shown(last.version)
            )),
            (false, Some(_)) => Err(format!(
                "the section {} must not have an `interface`, as the first of its major has it",
                Shown(last.version)
            )),
            _ => Ok(()),
        }
    }
}

const LOST: &str = "this line is not part of the section or item above it";

impl Release {
    fn item(&mut self, words: &mut Words<'_>) -> Read<Item> {
        let word = words.word();
        if word == "interface" {
            let name = words.name()?;
            words.end()?;
            if self.address.is_some() {
                return Err("`interface` must appear once in a section".to_owned());
            }
            self.address = Some(Address {
                name,
                topic: None,
                exchange: None,
                namespace: None,
            });
            return Ok(Item::Address);
        }
        if word == "type" || word == "error" {
            let name = words.name()?;
            let fingerprint = u64::from_str_radix(words.word(), 16);
            let fingerprint =
                fingerprint.map_err(|_| "16 hexadecimal digits must follow the name")?;
            words.end()?;
            self.types.push(Structure {
                name,
                fingerprint,
                shape: String::new(),
            });
            return Ok(Item::Type);
        }
        let mode = Mode::ALL.into_iter().find(|mode| mode.word() == word);
        let mode = mode.ok_or_else(|| {
            format!(
                "`{word}` is none of `interface`, `call`, `cast`, `call/cast`, `fanout`, `type`, `error`"
            )
        })?;
        let name = words.name()?;
        if self.methods.iter().any(|other| other.name == name) {
            return Err(format!("`{name}` must appear once in a section"));
        }
        words.expect("since")?;
        let since = words.version()?;
        let returns = if words.0.is_empty() {
            None
        } else {
            words.expect("->")?;
            Some(words.text())
        };
        self.methods.push(Method {
            name,
            mode,
            since,
            changed: Vec::new(),
            old_names: Vec::new(),
            arguments: Vec::new(),
            returns,
            raises: None,
        });
        Ok(Item::Method)
    }
}

impl Method {
    fn detail(&mut self, words: &mut Words<'_>) -> Read<()> {
        let name = words.name()?;
        if let Some(ty) = words.0.strip_prefix(':') {
            if self.arguments.iter().any(|other| other.name == name) {
                return Err(format!("`{name}` must appear once in a method"));
            }
            let ty = Words(ty.trim_start()).text();
            if ty.is_empty() {
                return Err(format!("`{name}` must have a type"));
            }
            self.arguments.push(Argument {
                name,
                ty,
                since: None,
                until: None,
                default: None,
                replaces: Vec::new(),
                old_names: Vec::new(),
            });
            return Ok(());
        }
        match name.as_str() {
            "was" => self.old_names.push(words.old_name()?),
            "changed" => self.changed.push(words.version()?),
            "raises" => self.raises = Some(words.name()?),
            _ => return Err(format!("`{name}` must have a type")),
        }
        words.end()
    }
}

impl Argument {
    fn detail(&mut self, words: &mut Words<'_>) -> Read<()> {
        match words.word() {
            "since" => self.since = Some(words.version()?),
            "until" => self.until = Some(words.version()?),
            "default" => {
                self.default = Some(words.text());
                return Ok(());
            }
            "replaces" => self.replaces.push(words.name()?),
            "was" => self.old_names.push(words.old_name()?),
            other => {
                return Err(format!(
                    "`{other}` is none of `since`, `until`, `default`, `replaces`, `was`"
                ));
            }
        }
        words.end()
    }
}

/// The rest of a line.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn word(&mut self) -> &'a str {
        let (word, rest) = self.0.split_once(' ').unwrap_or((self.0, ""));
        self.0 = rest.trim_start();
        word
    }

    fn expect(&mut self, wanted: &str) -> Read<()> {
        match self.word() {
            word if word == wanted => Ok(()),
            word => Err(format!("expected `{wanted}`, found `{word}`")),
        }
    }

    fn end(&self) -> Read<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(format!("unexpected `{}` at the end of the line", self.0))
    }

    /// Reads a plain word or a quoted name. A colon may follow.
    fn name(&mut self) -> Read<String> {
        let Some(quoted) = self.0.strip_prefix('"') else {
            let end = self.0.find([' ', ':']).unwrap_or(self.0.len());
            let (name, rest) = self.0.split_at(end);
            self.0 = rest.trim_start();
            if name.is_empty() {
                return Err("a name is missing".to_owned());
            }
            return Ok(name.to_owned());
        };
        let mut letters = quoted.char_indices();
        while let Some((place, letter)) = letters.next() {
            match letter {
                '\\' => _ = letters.next(),
                '"' => {
                    let name = unescaped(&quoted[..place]);
                    self.0 = quoted[place + 1..].trim_start();
                    return Ok(name);
                }
                _ => {}
            }
        }
        Err("a quotation mark is missing".to_owned())
    }

    fn version(&mut self) -> Read<Version> {
        let word = self.word();
        parse_version(word).ok_or_else(|| format!("`{word}` is not a version such as 2.0"))
    }

    fn old_name(&mut self) -> Read<OldName> {
        let name = self.name()?;
        self.expect("before")?;
        let before = self.version()?;
        Ok(OldName { before, name })
    }

    fn text(&mut self) -> String {
        unescaped(std::mem::take(&mut self.0))
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
