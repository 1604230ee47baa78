//! Checks the types that an interface uses against its lock, at compile time, and formats the compiler's
//! message.
//!
//! Everything is `const`. [`check_released`] is the only entry point: an expansion calls it for each type.

use super::change::{Breaking, Change, Place, change};
use super::direction::Direction;
use super::structures::{Released, Use, is_error};
use crate::Version;
use crate::interface::describe::Structure;
use crate::interface::text::{Text, same};

/// An error about one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    /// The name of the type.
    pub(super) name: &'static str,
    direction: Direction,
    problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    /// The type breaks peers of the release.
    Breaking(Version, Breaking<'static>),
    /// Something was added to the type without a new version. The text is the advice.
    Unversioned(Version, Place<'static>, &'static str),
    /// The structure was known in the release, and is not known now.
    StructureLost(Version),
    /// The structure is not known, and the lock is strict.
    NotDescribed,
    /// Two types have this name.
    DuplicateName,
}

/// Panics if the use at index `place` is incompatible with a release. An error that several uses have is
/// reported for the first one only.
///
/// # Panics
///
/// During compilation, in the constant that calls it.
#[track_caller]
pub const fn check_released(uses: &[Use], place: usize, released: &[Released], strict: bool) {
    let mut index = 0;
    while index < uses.len() && uses[index].place < place {
        index += 1;
    }
    let Some(found) = fault(uses, index, released, strict) else {
        return;
    };
    let mut earlier = 0;
    while earlier < index {
        if let Some(other) = fault(uses, earlier, released, strict)
            && same(other.name, found.name)
        {
            return;
        }
        earlier += 1;
    }
    panic!("{}", found.text().as_str())
}

/// The error of one use, if there is one.
const fn fault(uses: &[Use], index: usize, released: &[Released], strict: bool) -> Option<Fault> {
    let used = &uses[index];
    let Some(structure) = used.found else {
        return unknown(uses, used, released, strict);
    };
    if let Direction::Error = used.direction {
        return error(used, structure, released);
    }
    if let Some(fault) = violation(used, structure, used.direction, released) {
        return Some(fault);
    }
    let mut earlier = 0;
    while earlier <= index {
        if let Some(other) = uses[earlier].found
            && let Some(name) = shared_name(structure, other)
        {
            return Some(Fault {
                name,
                direction: used.direction,
                problem: Problem::DuplicateName,
            });
        }
        earlier += 1;
    }
    None
}

const fn unknown(uses: &[Use], used: &Use, released: &[Released], strict: bool) -> Option<Fault> {
    let is_error = matches!(used.direction, Direction::Error);
    let problem = match last(released, used.written, is_error) {
        Some(last) if is_error || !is_found(uses, used.written) => {
            Problem::StructureLost(last.version)
        }
        _ if strict => Problem::NotDescribed,
        _ => return None,
    };
    Some(Fault {
        name: used.written,
        direction: used.direction,
        problem,
    })
}

/// Whether the structure of any type with this name is known.
const fn is_found(uses: &[Use], name: &str) -> bool {
    let mut index = 0;
    while index < uses.len() {
        if let Some(structure) = uses[index].found
            && let Some(found) = structure.name()
            && same(found, name)
        {
            return true;
        }
        index += 1;
    }
    false
}

const fn last<'r>(released: &'r [Released], name: &str, is_error: bool) -> Option<&'r Released> {
    let mut index = released.len();
    while index > 0 {
        index -= 1;
        if released[index].is_of(name, is_error) {
            return Some(&released[index]);
        }
    }
    None
}

/// Checks an error. A lock records the classes of an error, not the name of its type.
const fn error(used: &Use, structure: &'static Structure, released: &[Released]) -> Option<Fault> {
    let wanted = last(released, used.written, true);
    if let (None, Some(last)) = (structure.name(), wanted) {
        return Some(Fault {
            name: used.written,
            direction: used.direction,
            problem: Problem::StructureLost(last.version),
        });
    }
    if let Some(fault) = changed(used, used.written, structure, used.direction, released) {
        return Some(fault);
    }
    let mut index = 0;
    while index < structure.parts().len() {
        let part = structure.parts()[index].structure();
        // Clients read the fields of an error, so their types are checked as those of results.
        if let Some(fault) = violation(used, part, Direction::Result, released) {
            return Some(fault);
        }
        index += 1;
    }
    None
}

/// Checks a type and the types of its parts.
const fn violation(
    used: &Use,
    structure: &'static Structure,
    direction: Direction,
    released: &[Released],
) -> Option<Fault> {
    if let Some(name) = structure.name()
        && let Some(fault) = changed(used, name, structure, direction, released)
    {
        return Some(fault);
    }
    let mut index = 0;
    while index < structure.parts().len() {
        if let Some(fault) = violation(
            used,
            structure.parts()[index].structure(),
            direction,
            released,
        ) {
            return Some(fault);
        }
        index += 1;
    }
    None
}

/// Compares a type with each of its released structures that peers may use.
const fn changed(
    used: &Use,
    name: &'static str,
    structure: &'static Structure,
    direction: Direction,
    released: &[Released],
) -> Option<Fault> {
    let Some(since) = used.since else {
        return None;
    };
    let is_error = is_error(structure.shape());
    let (mut came, mut index) = (None, 0);
    while index < released.len() {
        let old = &released[index];
        index += 1;
        if !old.is_of(name, is_error) || is_before(old, since, released, index) {
            continue;
        }
        let problem = match change(old, structure, direction) {
            Change::Breaking(breaking) => Problem::Breaking(old.version, breaking),
            Change::Additive(place) => {
                came = Some((old.version, place));
                continue;
            }
            Change::Same => {
                came = None;
                continue;
            }
        };
        return Some(Fault {
            name,
            direction,
            problem,
        });
    }
    match came {
        Some((version, place)) if !used.advice.is_empty() => Some(Fault {
            name,
            direction,
            problem: Problem::Unversioned(version, place, used.advice),
        }),
        _ => None,
    }
}

/// Whether a later release had replaced a structure before the use was added.
const fn is_before(old: &Released, since: Version, released: &[Released], from: usize) -> bool {
    let mut index = from;
    while index < released.len() {
        let later = &released[index];
        if later.is_of(old.name, is_error(old.shape)) && !since.is_below(later.version) {
            return true;
        }
        index += 1;
    }
    false
}

/// The name that two different structures share, if there is one.
const fn shared_name(structure: &'static Structure, within: &Structure) -> Option<&'static str> {
    if let Some(name) = structure.name()
        && has_other_structure(structure, name, within)
    {
        return Some(name);
    }
    let mut index = 0;
    while index < structure.parts().len() {
        if let Some(name) = shared_name(structure.parts()[index].structure(), within) {
            return Some(name);
        }
        index += 1;
    }
    None
}

const fn has_other_structure(structure: &Structure, name: &str, within: &Structure) -> bool {
    if let Some(other) = within.name()
        && same(other, name)
        && is_error(within.shape()) == is_error(structure.shape())
    {
        let is_one = within.fingerprint() == structure.fingerprint()
            && same(within.shape(), structure.shape());
        return !is_one;
    }
    let mut index = 0;
    while index < within.parts().len() {
        if has_other_structure(structure, name, within.parts()[index].structure()) {
            return true;
        }
        index += 1;
    }
    false
}

impl Fault {
    /// The message: what is wrong, and what to do.
    pub(super) const fn text(&self) -> Text {
        let name = self.name;
        let is_error = matches!(self.direction, Direction::Error);
        match self.problem {
            Problem::Breaking(version, breaking) => self.breaking(version, breaking),
            Problem::Unversioned(version, place, advice) => Text::of(
                "{} was added after {} was released: {}",
                &[
                    subject(self.name, place).as_str(),
                    Text::version(version).as_str(),
                    advice,
                ],
            ),
            Problem::StructureLost(version) if is_error => Text::of(
                "the error must have the classes of `{}`, as when {} was released: derive `IntoRemoteError` for it, with a variant for each",
                &[name, Text::version(version).as_str()],
            ),
            Problem::StructureLost(version) => Text::of(
                "`{}` must derive `Describe`, as when {} was released: derive it again",
                &[name, Text::version(version).as_str()],
            ),
            Problem::NotDescribed if is_error => Text::of(
                "the error must derive `IntoRemoteError`, so that its classes are known, as the lock is `strict`: derive it, or return `rpc_runtime::Error`",
                &[],
            ),
            Problem::NotDescribed => Text::of(
                "`{}` must derive `Describe`, so that its structure is known, as the lock is `strict`: derive it, or remove `strict`",
                &[name],
            ),
            Problem::DuplicateName => Text::of(
                "`{}` must be the name of one type only, because the lock identifies types by name: write `#[rpc(name = \"…\")]` on one of them",
                &[name],
            ),
        }
    }

    const fn breaking(&self, version: Version, breaking: Breaking<'static>) -> Text {
        let released = Text::version(version);
        let released = released.as_str();
        let next = Text::version(Version::new(version.major().saturating_add(1), 0));
        let next = next.as_str();
        let (place, was, template) = match breaking {
            Breaking::Removed(place) => (place, "", "{} must exist{}"),
            Breaking::Retyped(place, was) => (place, was, "{} must be of the type `{}`"),
            Breaking::Optionality(place, true) => {
                (place, "", "{} must be a field that may be absent{}")
            }
            Breaking::Optionality(place, false) => (place, "", "{} must be a required field{}"),
            Breaking::CatchAllRemoved(place) => (place, "", "{} must keep `#[serde(other)]`{}"),
            Breaking::Reshaped(place, was) => (place, was, "{} must be written as `{}`"),
            Breaking::PartRetyped => (
                Place {
                    variant: "",
                    field: "",
                },
                "",
                "each field of {} must have the same type, and not only a type of the same name{}",
            ),
            Breaking::NewRequired(place) => {
                return Text::of(
                    "{} was added after {} was released, and peers of {} do not send it: make it an `Option`, or write `#[serde(default)]` on it",
                    &[subject(self.name, place).as_str(), released, released],
                );
            }
            Breaking::NewInClosed(place) => {
                return Text::of(
                    "{} must not be added: peers of {} refuse fields that they do not know (`deny_unknown_fields`). Remove it, or declare version {} in a trait of its own",
                    &[subject(self.name, place).as_str(), released, next],
                );
            }
            Breaking::NewUnreadable(place) => {
                return Text::of(
                    "{} must not be added: it is returned, and clients of {} cannot read it. Remove it, or declare version {} in a trait of its own. (A variant may be added if every release of the type has a `#[serde(other)]` variant.)",
                    &[subject(self.name, place).as_str(), released, next],
                );
            }
        };
        let must = Text::of(template, &[subject(self.name, place).as_str(), was]);
        Text::of(
            "{}, as when {} was released: put it back, or declare version {} in a trait of its own",
            &[must.as_str(), released, next],
        )
    }
}

/// The position as text: `field` of `Variant` of `Type`, without the parts that are empty.
pub(super) const fn subject(name: &str, place: Place<'_>) -> Text {
    let Place { variant, field } = place;
    match (variant.is_empty(), field.is_empty()) {
        (true, true) => Text::of("`{}`", &[name]),
        (true, false) => Text::of("`{}` of `{}`", &[field, name]),
        (false, true) => Text::of("`{}` of `{}`", &[variant, name]),
        (false, false) => Text::of("`{}` of `{}` of `{}`", &[field, variant, name]),
    }
}
