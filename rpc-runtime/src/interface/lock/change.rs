//! Compares one type with its released structure: whether it changed, and whether the change breaks released
//! peers.
//!
//! The answer depends on which side reads the type. Servers read arguments, and may be older or newer than
//! the client. Clients read results and errors. A client does not send an addition to an old server, because
//! the version cap holds it back. A new server does send additions to old clients, because a reply has no
//! version cap. All functions are `const`: they run in the compiler.

use super::direction::Direction;
use super::shape::{Field, Shape, Tagging, Variant, field, field_named, variant, variant_named};
use super::structures::Released;
use crate::interface::describe::Structure;
use crate::interface::text::same;

/// The change of a type since a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change<'a> {
    Same,
    /// Released peers are compatible with the change. The place is the addition.
    Additive(Place<'a>),
    /// The change breaks released peers.
    Breaking(Breaking<'a>),
}

/// A position in a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The variant. Empty if the type has no variants.
    pub(super) variant: &'a str,
    /// The field. Empty for a whole variant.
    pub(super) field: &'a str,
}

/// A change that breaks released peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaking<'a> {
    /// A field or a variant was removed.
    Removed(Place<'a>),
    /// The type of a field changed. The text is the released type.
    Retyped(Place<'a>, &'a str),
    /// A field became required or optional. The flag says whether it was optional in the release.
    Optionality(Place<'a>, bool),
    /// A required field was added.
    NewRequired(Place<'a>),
    /// A field was added, and released readers refuse unknown fields.
    NewInClosed(Place<'a>),
    /// A variant was added that released clients cannot read.
    NewUnreadable(Place<'a>),
    /// A variant is no longer the one that takes unknown variants.
    CatchAllRemoved(Place<'a>),
    /// The form on the wire changed. The text is the released form.
    Reshaped(Place<'a>, &'a str),
    /// A part has a different type with the same name.
    PartRetyped,
}

impl Change<'_> {
    /// Combines two changes: a breaking change wins over an addition, and an addition over no change. Of two changes
    /// of one kind, the first is kept.
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Breaking(_), _) | (_, Self::Same) | (Self::Additive(_), Self::Additive(_)) => {
                self
            }
            (_, Self::Breaking(_)) | (Self::Same, _) => other,
        }
    }
}

/// The change from a released structure to the current one.
pub(super) const fn change(
    old: &Released,
    new: &Structure,
    direction: Direction,
) -> Change<'static> {
    let has_same_shape = same(old.shape, new.shape());
    if has_same_shape && old.fingerprint == new.fingerprint() {
        return Change::Same;
    }
    let by_shape = if has_same_shape {
        Change::Same
    } else {
        shape(
            Shape::of(old.shape),
            Shape::of(new.shape()),
            old.shape,
            direction,
        )
    };
    if let Change::Breaking(_) = by_shape {
        return by_shape;
    }
    if fingerprint_of_known_parts(old.shape, new) == old.fingerprint {
        by_shape
    } else {
        Change::Breaking(Breaking::PartRetyped)
    }
}

/// The fingerprint of the new structure, computed only over the parts that the old shape has.
const fn fingerprint_of_known_parts(old: &str, new: &Structure) -> u64 {
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

/// Whether a shape has the part, and describes it by more than an opaque name.
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

/// The index of a variant without a name, from its decimal digits.
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
        _ => Change::Breaking(Breaking::Reshaped(
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
        return Change::Breaking(Breaking::Reshaped(place, was));
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
            None => Change::Breaking(Breaking::Removed(at(in_variant, before.name))),
        });
        index += 1;
    }
    index = 0;
    while let Some(now) = field(new, index) {
        if field_named(old, now.name).is_none() {
            let place = at(in_variant, now.name);
            change = change.and(if closed {
                Change::Breaking(Breaking::NewInClosed(place))
            } else if now.optional {
                Change::Additive(place)
            } else {
                Change::Breaking(Breaking::NewRequired(place))
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
        return Change::Breaking(Breaking::Optionality(place, old.optional));
    }
    if same(old.ty, new.ty) {
        return Change::Same;
    }
    // An opaque field may become a described one of the same type.
    if old.is_opaque() && same(old.ty.split_at("opaque ".len()).1, new.ty) {
        return Change::Same;
    }
    Change::Breaking(Breaking::Retyped(place, old.ty))
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
            None => Change::Breaking(Breaking::Removed(at(label(before), ""))),
        });
        place += 1;
    }
    place = 0;
    while let Some(now) = variant(new, tagging, place) {
        if variant_named(old, tagging, now.name, place).is_none() {
            let at = at(label(now), "");
            // A catch-all variant (`#[serde(other)]`) is meant to be read and not sent, so adding one counts as
            // compatible.
            let is_read = now.catch_all
                || match direction {
                    Direction::Argument | Direction::Error => true,
                    Direction::Result => is_read_as_catch_all(tagging, old, now),
                };
            change = change.and(if is_read {
                Change::Additive(at)
            } else {
                Change::Breaking(Breaking::NewUnreadable(at))
            });
        }
        place += 1;
    }
    change
}

/// The name of a variant in messages: its body, if it has no name.
const fn label(variant: Variant<'static>) -> &'static str {
    if variant.name.is_empty() {
        variant.body
    } else {
        variant.name
    }
}

/// Whether a reader with the old variants reads the new variant as its catch-all (`#[serde(other)]`). A
/// catch-all has no content. So the new variant must have no content, or the enum must be internally tagged, so
/// that serde skips the content.
const fn is_read_as_catch_all(
    tagging: Tagging<'static>,
    old: &'static str,
    new: Variant<'_>,
) -> bool {
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

/// The content of a variant. An exception without fields counts as an empty list of fields.
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
            // An untagged enum is read as the first variant that fits, so any change may select another
            // variant.
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
            _ => Change::Breaking(Breaking::Reshaped(place, old.body)),
        }
    };
    match (old.catch_all, new.catch_all) {
        (true, false) => Change::Breaking(Breaking::CatchAllRemoved(place)).and(body),
        (false, true) => body.and(Change::Additive(place)),
        _ => body,
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
