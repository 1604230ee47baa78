//! What became of one type since a release, and whether peers of that release can bear it.
//!
//! It depends on who reads the type. Peers send what they know: an argument is read by servers, which may be older
//! or newer than the client, a result and an error by clients. What an old server cannot read is not sent to it
//! below the version that it came with; what an old client cannot read, a newer server would send it all the same.

use super::direction::Direction;
use super::shape::{Field, Shape, Tagging, Variant, field, field_named, variant, variant_named};
use super::structures::Released;
use crate::interface::describe::Structure;
use crate::interface::text::same;

/// What became of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change<'a> {
    Same,
    /// Peers can bear it. What it is called is what came.
    Additive(Place<'a>),
    /// Peers cannot.
    Breach(Breach<'a>),
}

/// Something within a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The variant; empty where there are none.
    pub(super) variant: &'a str,
    /// The field; empty for all of a variant.
    pub(super) field: &'a str,
}

/// What no peer can bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breach<'a> {
    /// Something is gone.
    Gone(Place<'a>),
    /// It was of this type.
    Retyped(Place<'a>, &'a str),
    /// Readers did without it, or did not.
    Optional(Place<'a>, bool),
    /// A field came that readers cannot do without.
    Needed(Place<'a>),
    /// A field came, and old readers refuse what they do not know.
    Closed(Place<'a>),
    /// A variant came that old clients cannot read.
    Unread(Place<'a>),
    /// What takes unknown variants is gone.
    CatchAll(Place<'a>),
    /// It is written in another way; this was it.
    Rewritten(Place<'a>, &'a str),
    /// A type in it is another that has the same name.
    Within,
}

impl Change<'_> {
    /// The worse of the two, or else the first.
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Breach(_), _) | (_, Self::Same) | (Self::Additive(_), Self::Additive(_)) => self,
            (_, Self::Breach(_)) | (Self::Same, _) => other,
        }
    }
}

/// What became of a released type.
pub(super) const fn change(
    old: &Released,
    new: &Structure,
    direction: Direction,
) -> Change<'static> {
    let by_shape = if same(old.shape, new.shape()) {
        Change::Same
    } else {
        shape(
            Shape::of(old.shape),
            Shape::of(new.shape()),
            old.shape,
            direction,
        )
    };
    if let Change::Breach(_) = by_shape {
        return by_shape;
    }
    if known_parts(old.shape, new) == old.fingerprint {
        by_shape
    } else {
        Change::Breach(Breach::Within)
    }
}

/// The fingerprint that the new structure has of what was there before.
const fn known_parts(old: &str, new: &Structure) -> u64 {
    let mut fingerprint: u64 = 0;
    let mut index = 0;
    while index < new.parts().len() {
        let part = &new.parts()[index];
        if knows(old, part.variant(), part.name()) {
            fingerprint = fingerprint.wrapping_add(part.fingerprint());
        }
        index += 1;
    }
    fingerprint
}

/// Whether a shape has that part, and more of it than its name.
const fn knows(shape: &str, in_variant: &str, name: &str) -> bool {
    match Shape::of(shape) {
        Shape::Fields { list, .. } => match field_named(list, name) {
            Some(field) => !field.is_opaque(),
            None => false,
        },
        Shape::Variants {
            tagging: Tagging::Untagged,
            list,
        } => variant(list, Tagging::Untagged, number(in_variant)).is_some(),
        Shape::Variants { tagging, list } => match variant_named(list, tagging, in_variant, 0) {
            Some(variant) => match Shape::of(variant.body) {
                Shape::Fields { .. } => knows(variant.body, "", name),
                _ => true,
            },
            None => false,
        },
        Shape::Value => true,
    }
}

/// The place of a variant that has no name.
const fn number(digits: &str) -> usize {
    let (digits, mut number, mut at) = (digits.as_bytes(), 0_usize, 0);
    while at < digits.len() {
        number = number * 10 + (digits[at] as usize).saturating_sub(b'0' as usize);
        at += 1;
    }
    number
}

const fn shape(
    old: Shape<'static>,
    new: Shape<'static>,
    was: &'static str,
    direction: Direction,
) -> Change<'static> {
    match (old, new) {
        (
            Shape::Fields { list: old, closed },
            Shape::Fields {
                list: new,
                closed: now,
            },
        ) => fields("", (old, closed), (new, now), was),
        (
            Shape::Variants { tagging, list: old },
            Shape::Variants {
                tagging: now,
                list: new,
            },
        ) if is_same_tagging(tagging, now) => variants(tagging, old, new, direction),
        _ => Change::Breach(Breach::Rewritten(
            Place {
                variant: "",
                field: "",
            },
            was,
        )),
    }
}

const fn is_same_tagging(old: Tagging<'_>, new: Tagging<'_>) -> bool {
    match (old, new) {
        (Tagging::External, Tagging::External)
        | (Tagging::Untagged, Tagging::Untagged)
        | (Tagging::Class, Tagging::Class) => true,
        (Tagging::Internal(old), Tagging::Internal(new))
        | (Tagging::Adjacent(old), Tagging::Adjacent(new)) => same(old, new),
        _ => false,
    }
}

const fn fields(
    in_variant: &'static str,
    (old, closed): (&'static str, bool),
    (new, now_closed): (&'static str, bool),
    was: &'static str,
) -> Change<'static> {
    if now_closed && !closed {
        let place = at(in_variant, "");
        return Change::Breach(Breach::Rewritten(place, was));
    }
    let mut change = if closed && !now_closed {
        Change::Additive(at(in_variant, ""))
    } else {
        Change::Same
    };
    let mut index = 0;
    while let Some(before) = field(old, index) {
        change = change.and(match field_named(new, before.name) {
            Some(now) => same_field(before, now, at(in_variant, before.name)),
            None => Change::Breach(Breach::Gone(at(in_variant, before.name))),
        });
        index += 1;
    }
    index = 0;
    while let Some(now) = field(new, index) {
        if field_named(old, now.name).is_none() {
            let place = at(in_variant, now.name);
            change = change.and(if closed {
                Change::Breach(Breach::Closed(place))
            } else if now.optional {
                Change::Additive(place)
            } else {
                Change::Breach(Breach::Needed(place))
            });
        }
        index += 1;
    }
    change
}

const fn at(variant: &'static str, field: &'static str) -> Place<'static> {
    Place { variant, field }
}

const fn same_field(
    old: Field<'static>,
    new: Field<'static>,
    place: Place<'static>,
) -> Change<'static> {
    if old.optional != new.optional {
        return Change::Breach(Breach::Optional(place, old.optional));
    }
    if same(old.ty, new.ty) {
        return Change::Same;
    }
    // What was known by its name may be known better.
    if old.is_opaque() && same(old.ty.split_at("opaque ".len()).1, new.ty) {
        return Change::Same;
    }
    Change::Breach(Breach::Retyped(place, old.ty))
}

const fn variants(
    tagging: Tagging<'static>,
    old: &'static str,
    new: &'static str,
    direction: Direction,
) -> Change<'static> {
    let mut change = Change::Same;
    let mut place = 0;
    while let Some(before) = variant(old, tagging, place) {
        let now = variant_named(new, tagging, before.name, place);
        change = change.and(match now {
            Some(now) => same_variant(tagging, before, now),
            None => Change::Breach(Breach::Gone(at(label(before), ""))),
        });
        place += 1;
    }
    place = 0;
    while let Some(now) = variant(new, tagging, place) {
        if variant_named(old, tagging, now.name, place).is_none() {
            let at = at(label(now), "");
            // What takes unknown variants is there to be read.
            let is_read = now.catch_all
                || match direction {
                    Direction::Argument | Direction::Error => true,
                    Direction::Result => has_catch_all(tagging, old, now),
                };
            change = change.and(if is_read {
                Change::Additive(at)
            } else {
                Change::Breach(Breach::Unread(at))
            });
        }
        place += 1;
    }
    change
}

/// What a variant is called where it has no name.
const fn label(variant: Variant<'static>) -> &'static str {
    if variant.name.is_empty() {
        variant.body
    } else {
        variant.name
    }
}

/// Whether readers of these variants take another one for the one that stands for all others. Serde reads it as a
/// variant without content: only where the name is a field beside the content, that is passed over.
const fn has_catch_all(tagging: Tagging<'static>, old: &'static str, new: Variant<'_>) -> bool {
    let is_passed_over = match tagging {
        Tagging::Internal(_) => true,
        Tagging::External | Tagging::Adjacent(_) => new.body.is_empty(),
        Tagging::Untagged | Tagging::Class => false,
    };
    let mut place = 0;
    while let Some(before) = variant(old, tagging, place) {
        if before.catch_all {
            return is_passed_over;
        }
        place += 1;
    }
    false
}

/// What is in a variant. An exception without fields is one whose fields are none.
const fn body(tagging: Tagging<'_>, text: &'static str) -> Shape<'static> {
    match (tagging, text.is_empty()) {
        (Tagging::Class, true) => Shape::Fields {
            list: "",
            closed: false,
        },
        _ => Shape::of(text),
    }
}

const fn same_variant(
    tagging: Tagging<'static>,
    old: Variant<'static>,
    new: Variant<'static>,
) -> Change<'static> {
    let place = at(label(old), "");
    let body = if same(old.body, new.body) {
        Change::Same
    } else {
        match (body(tagging, old.body), body(tagging, new.body)) {
            // Without names the first that can be read is taken: any change may make it another.
            (
                Shape::Fields {
                    list: before,
                    closed,
                },
                Shape::Fields {
                    list: now,
                    closed: now_closed,
                },
            ) if !matches!(tagging, Tagging::Untagged) => {
                fields(old.name, (before, closed), (now, now_closed), old.body)
            }
            _ => Change::Breach(Breach::Rewritten(place, old.body)),
        }
    };
    match (old.catch_all, new.catch_all) {
        (true, false) => Change::Breach(Breach::CatchAll(place)).and(body),
        (false, true) => body.and(Change::Additive(place)),
        _ => body,
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
