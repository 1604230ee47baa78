//! The structures of an interface's types, beside those that were released with it.
//!
//! A field that may be absent can come: older readers pass it over, newer ones do without. Anything else
//! breaks somebody.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::marker::PhantomData;

use crate::interface::describe::{Describe, Structure};

/// Finds the structure of a type that may have none.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: Describe + ?Sized> Probe<T> {
    /// What there is.
    pub const FOUND: Option<&'static Structure> = Some(T::STRUCTURE);
}

/// What a type without a structure has. It gives way to what `Probe` has itself.
pub trait NotDescribed {
    /// Nothing.
    const FOUND: Option<&'static Structure> = None;
}

impl<T: ?Sized> NotDescribed for Probe<T> {}

/// Fails if a released structure is another now.
///
/// # Panics
///
/// When it is compiled.
#[track_caller]
pub const fn hold(found: Option<&Structure>, locked: &[(&str, u64)], message: &str) {
    let Some(structure) = found else {
        return;
    };
    if let Some(name) = structure.name() {
        let mut index = 0;
        while index < locked.len() {
            let (known, fingerprint) = locked[index];
            if is_same(known, name) {
                assert!(fingerprint == structure.fingerprint(), "{}", message);
                return;
            }
            index += 1;
        }
    }
    let mut index = 0;
    while index < structure.parts().len() {
        hold(Some(structure.parts()[index]), locked, message);
        index += 1;
    }
}

/// Panics when a type has no structure any more that it was released with.
///
/// # Panics
///
/// When it is compiled.
#[track_caller]
pub const fn describe(
    written: &str,
    found: &[Option<&Structure>],
    locked: &[(&str, u64)],
    message: &str,
) {
    let mut index = 0;
    while index < found.len() {
        if let Some(structure) = found[index]
            && let Some(name) = structure.name()
            && is_same(name, written)
        {
            return;
        }
        index += 1;
    }
    let mut index = 0;
    while index < locked.len() {
        assert!(!is_same(locked[index].0, written), "{}", message);
        index += 1;
    }
}

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

/// A released structure: the type's name, the fingerprint, the shape.
pub(crate) type Locked = (&'static str, u64, &'static str);

/// The structures of today, and those of the last release.
#[derive(Debug, Clone, Copy)]
pub(super) struct Types {
    pub(super) found: &'static [Option<&'static Structure>],
    pub(super) locked: &'static [Locked],
}

/// What came of a comparison.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Compared {
    /// What changed of what was released.
    pub(super) changes: Vec<String>,
    /// What a release writes: the structures that came or changed.
    pub(super) text: String,
}

impl Types {
    pub(super) const NONE: Self = Self {
        found: &[],
        locked: &[],
    };

    /// An error is what must not be released.
    pub(super) fn compare(&self) -> Result<Compared, String> {
        let mut named = BTreeMap::new();
        for structure in self.found.iter().flatten() {
            collect(structure, &mut named)?;
        }
        let (mut changes, mut text) = (Vec::new(), String::new());
        for (name, structure) in named {
            let (shape, fingerprint) = (structure.shape(), structure.fingerprint());
            match self.locked.iter().find(|locked| locked.0 == name) {
                Some((_, locked, _)) if *locked == fingerprint => continue,
                Some((_, _, locked)) if !is_additive(locked, shape) => {
                    return Err(format!(
                        "the structure of `{name}` was `{locked}` when it was released, and only fields that may be absent can come, not `{shape}`. Put it back, or declare another major in a trait of its own"
                    ));
                }
                Some((_, _, locked)) if *locked == shape => {
                    changes.push(format!("`{name}` changed within"));
                }
                Some(_) => changes.push(format!("the structure of `{name}` is `{shape}`")),
                None => {}
            }
            let shape = shape.replace('\\', "\\\\");
            let _ = writeln!(text, "type {name} {fingerprint:016x}\n  {shape}");
        }
        Ok(Compared { changes, text })
    }
}

type Named = BTreeMap<&'static str, &'static Structure>;

/// The structures within that have names.
fn collect(structure: &'static Structure, named: &mut Named) -> Result<(), String> {
    if let Some(name) = structure.name()
        && let Some(other) = named.insert(name, structure)
        && other.fingerprint() != structure.fingerprint()
    {
        return Err(format!(
            "two types are called `{name}`: write `#[rpc(name = \"…\")]` on one of them"
        ));
    }
    structure
        .parts()
        .iter()
        .try_for_each(|part| collect(part, named))
}

/// Whether all fields are still there, and no others than such as may be absent.
fn is_additive(released: &str, now: &str) -> bool {
    // What is within changed, and is compared by itself.
    if released == now {
        return true;
    }
    let (Some(released), Some(now)) = (fields(released), fields(now)) else {
        return false;
    };
    let may_be_absent = |field: &&str| {
        field
            .split_once(": ")
            .is_some_and(|(name, _)| name.ends_with('?'))
    };
    released.iter().all(|field| now.contains(field))
        && (now.iter().filter(|field| !released.contains(field))).all(may_be_absent)
}

/// The fields of a struct's shape.
fn fields(shape: &str) -> Option<Vec<&str>> {
    let inner = shape.strip_prefix('{')?.strip_suffix('}')?;
    let (mut fields, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (place, letter) in inner.char_indices() {
        match letter {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                fields.push(inner[start..place].trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    let last = inner[start..].trim();
    fields.extend((!last.is_empty()).then_some(last));
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RACK: &Structure = &Structure::named("Rack", "{ row: u8 }", &[]);
    const WIDER: &Structure = &Structure::named("Rack", "{ row: u8, side?: u8 }", &[]);
    const HOST: &Structure = &Structure::named("Host", "{ rack: Rack }", &[RACK]);
    const MOVED: &Structure = &Structure::named("Host", "{ rack: Rack }", &[WIDER]);

    fn locked(structure: &'static Structure) -> Locked {
        let name = structure.name().unwrap_or_default();
        (name, structure.fingerprint(), structure.shape())
    }

    fn compare(
        found: &'static Structure,
        released: &[&'static Structure],
    ) -> Result<Compared, String> {
        let locked: Vec<_> = released.iter().map(|released| locked(released)).collect();
        let types = Types {
            found: vec![Some(found), None].leak(),
            locked: locked.leak(),
        };
        types.compare()
    }

    #[test]
    fn what_is_within_is_recorded_too() {
        let first = compare(HOST, &[]).unwrap();
        assert!(first.changes.is_empty());
        let names: Vec<_> = first
            .text
            .lines()
            .map(|line| line.split(' ').nth(1))
            .collect();
        assert_eq!(names.len(), 4);
        assert_eq!((names[0], names[2]), (Some("Host"), Some("Rack")));
        let same = compare(HOST, &[HOST, RACK]).unwrap();
        assert_eq!((same.changes.len(), same.text.as_str()), (0, ""));
    }

    #[test]
    fn fields_that_may_be_absent_can_come() {
        let moved = compare(MOVED, &[HOST, RACK]).unwrap();
        assert_eq!(moved.changes.len(), 2);
        assert_eq!(moved.text.lines().count(), 4);
        let back = compare(HOST, &[MOVED, WIDER]).unwrap_err();
        assert!(
            back.contains("`Rack` was `{ row: u8, side?: u8 }`"),
            "{back}"
        );
        for (released, now, additive) in [
            ("{}", "{ a?: u8 }", true),
            (
                "{ a: Map<u8, u8> }",
                "{ b?: (u8, u8), a: Map<u8, u8> }",
                true,
            ),
            ("{ a: u8 }", "{ a: u8, b: u8 }", false),
            ("{ a: u8 }", "{ a?: u8 }", false),
            ("{ a: u8 }", "{ a: u16 }", false),
            ("A | B", "A | B | C", false),
        ] {
            assert_eq!(is_additive(released, now), additive, "{released} {now}");
        }
    }

    #[test]
    fn a_name_is_one_type() {
        const BOTH: &Structure = &Structure::of("tuple", &[RACK, WIDER]);
        assert!(
            compare(BOTH, &[])
                .unwrap_err()
                .contains("two types are called `Rack`")
        );
    }

    #[test]
    fn a_released_structure_is_held_while_compiling() {
        const LOCKED: &[(&str, u64)] = &[("Rac", 0), ("Rack", RACK.fingerprint())];
        const _: () = hold(Some(RACK), LOCKED, "");
        const _: () = hold(None, LOCKED, "");
        let held = std::panic::catch_unwind(|| hold(Some(MOVED), LOCKED, "as released"));
        let why = held.unwrap_err();
        assert_eq!(
            why.downcast_ref::<String>().map(String::as_str),
            Some("as released")
        );
    }
}
