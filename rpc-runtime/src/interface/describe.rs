//! The structure of types, as constants: what an interface lock knows of a type beside its name.
//!
//! A structure is a text (how serde writes the type, one level deep), and a fingerprint of what the types in that
//! text stand for. Computed by the compiler, and compared there or in tests; never at run time.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::maybe_absent::MaybeAbsent;

/// A type whose structure on the wire is known: an interface lock then sees when it changes.
///
/// To be derived, for types that interfaces with a [lock](macro@crate::rpc_client#the-interface-lock) send.
/// Serde's attributes count, as far as they change what is written. Each field's type implements `Describe`
/// too; one that does not is marked `#[rpc(opaque)]`, and is known by its name alone. So is a type within
/// itself; where two types hold each other, one of them is to be marked.
///
/// A field with `?` may be absent, and an opaque one says so.
///
/// ```
/// use rpc_runtime::Describe;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Describe)]
/// #[serde(rename_all = "kebab-case")]
/// struct Host {
///     host_name: String,
///     #[serde(default)]
///     size: u32,
///     #[rpc(opaque)]
///     started: std::time::Duration,
/// }
///
/// assert_eq!(Host::STRUCTURE.shape(), "{ host-name: String, size?: u32, started: opaque Duration }");
/// ```
#[diagnostic::on_unimplemented(
    message = "the structure of `{Self}` is not known",
    label = "not described",
    note = "derive `Describe` for it, or mark the field `#[rpc(opaque)]`"
)]
pub trait Describe {
    /// The structure.
    const STRUCTURE: &'static Structure;
}

/// The structure of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Structure {
    name: Option<&'static str>,
    shape: &'static str,
    parts: &'static [StructurePart],
    fingerprint: u64,
}

/// What is within a structure, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StructurePart {
    variant: &'static str,
    field: &'static str,
    structure: &'static Structure,
}

impl StructurePart {
    /// The field of that name, as it is in the shape; of no name in a type that is one value.
    #[must_use]
    pub const fn field(name: &'static str, structure: &'static Structure) -> Self {
        Self {
            variant: "",
            field: name,
            structure,
        }
    }

    /// Of that variant of an enum.
    #[must_use]
    pub const fn of_variant(mut self, name: &'static str) -> Self {
        self.variant = name;
        self
    }

    /// The variant that it is in; empty where there are none.
    #[must_use]
    pub const fn variant(&self) -> &'static str {
        self.variant
    }

    /// The field's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.field
    }

    /// The structure of what is there.
    #[must_use]
    pub const fn structure(&self) -> &'static Structure {
        self.structure
    }

    /// A number that differs when the part is another, or elsewhere.
    pub(crate) const fn fingerprint(&self) -> u64 {
        let hash = add(add(SEED, self.variant.as_bytes()), &[0]);
        let hash = add(add(hash, self.field.as_bytes()), &[0]);
        add(hash, &self.structure.reference().to_le_bytes())
    }
}

impl Structure {
    /// The structure of a type that has a name, by which a lock knows it.
    #[must_use]
    pub const fn named(
        name: &'static str,
        shape: &'static str,
        parts: &'static [StructurePart],
    ) -> Self {
        let mut fingerprint: u64 = 0;
        let mut index = 0;
        while index < parts.len() {
            fingerprint = fingerprint.wrapping_add(parts[index].fingerprint());
            index += 1;
        }
        Self {
            name: Some(name),
            shape,
            parts,
            fingerprint,
        }
    }

    /// The structure of a type that is nothing by itself, such as a list of others.
    #[must_use]
    pub const fn of(shape: &'static str, parts: &'static [StructurePart]) -> Self {
        let mut fingerprint = add(SEED, shape.as_bytes());
        let mut index = 0;
        while index < parts.len() {
            fingerprint = add(fingerprint, &parts[index].fingerprint().to_le_bytes());
            index += 1;
        }
        Self {
            name: None,
            shape,
            parts,
            fingerprint,
        }
    }

    /// The structure of a type that is known by its name alone.
    #[must_use]
    pub const fn opaque(name: &'static str) -> Self {
        Self {
            name: None,
            shape: name,
            parts: &[],
            // As for those that hold it, so that it may come to be known better.
            fingerprint: add(add(SEED, b"type "), name.as_bytes()),
        }
    }

    /// The type's name.
    #[must_use]
    pub const fn name(&self) -> Option<&'static str> {
        self.name
    }

    /// What is written, one level deep.
    #[must_use]
    pub const fn shape(&self) -> &'static str {
        self.shape
    }

    /// What is within.
    #[must_use]
    pub const fn parts(&self) -> &'static [StructurePart] {
        self.parts
    }

    /// A number that differs when a part is of another type, though the shape may call it the same. Types that have
    /// names are known by them here: what is within those counts for themselves.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// What a structure is for those that it is a part of.
    const fn reference(&self) -> u64 {
        match self.name {
            Some(name) => add(add(SEED, b"type "), name.as_bytes()),
            None => self.fingerprint,
        }
    }
}

/// FNV-1a.
const SEED: u64 = 0xcbf2_9ce4_8422_2325;

const fn add(hash: u64, bytes: &[u8]) -> u64 {
    let mut hash = hash;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0100_0000_01b3);
        index += 1;
    }
    hash
}

macro_rules! basic {
    ($($ty:ty)*) => {
        $(impl Describe for $ty {
            const STRUCTURE: &'static Structure = &Structure::of(stringify!($ty), &[]);
        })*
    };
}

basic!(() bool char u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 String);
/// Anything.
impl Describe for serde_json::Value {
    const STRUCTURE: &'static Structure = &Structure::of("any", &[]);
}

impl Describe for str {
    const STRUCTURE: &'static Structure = String::STRUCTURE;
}

/// What points to a value is the value.
macro_rules! transparent {
    ($($ty:ty)*) => {
        $(impl<T: Describe + ?Sized> Describe for $ty {
            const STRUCTURE: &'static Structure = T::STRUCTURE;
        })*
    };
}

transparent!(&T Box<T> Rc<T> Arc<T>);

impl<T: Describe + ToOwned + ?Sized> Describe for Cow<'_, T> {
    const STRUCTURE: &'static Structure = T::STRUCTURE;
}

/// What comes back when it goes well.
impl<T: Describe, E> Describe for Result<T, E> {
    const STRUCTURE: &'static Structure = T::STRUCTURE;
}

macro_rules! around {
    ($($shape:literal: $($ty:ty)+;)*) => {
        $($(impl<T: Describe> Describe for $ty {
            const STRUCTURE: &'static Structure = &Structure::of($shape, &[StructurePart::field("", T::STRUCTURE)]);
        })+)*
    };
}

around! {
    "list": Vec<T> [T] BTreeSet<T>;
    "option": Option<T>;
    "maybe": MaybeAbsent<T>;
}

impl<T: Describe, S> Describe for HashSet<T, S> {
    const STRUCTURE: &'static Structure = Vec::<T>::STRUCTURE;
}

impl<T: Describe, const N: usize> Describe for [T; N] {
    const STRUCTURE: &'static Structure = Vec::<T>::STRUCTURE;
}

impl<K: Describe, V: Describe> Describe for BTreeMap<K, V> {
    const STRUCTURE: &'static Structure = &Structure::of(
        "map",
        &[
            StructurePart::field("", K::STRUCTURE),
            StructurePart::field("", V::STRUCTURE),
        ],
    );
}

impl<K: Describe, V: Describe, S> Describe for HashMap<K, V, S> {
    const STRUCTURE: &'static Structure = BTreeMap::<K, V>::STRUCTURE;
}

macro_rules! tuples {
    ($(($($part:ident)*))*) => {
        $(impl<$($part: Describe),*> Describe for ($($part,)*) {
            const STRUCTURE: &'static Structure = &Structure::of(
                "tuple",
                &[$(StructurePart::field("", $part::STRUCTURE)),*],
            );
        })*
    };
}

tuples!((A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_on_the_wire_has_one_fingerprint() {
        let of = |structure: &Structure| structure.fingerprint();
        assert_eq!(of(<&str>::STRUCTURE), of(String::STRUCTURE));
        assert_eq!(of(<&[u8]>::STRUCTURE), of(Vec::<u8>::STRUCTURE));
        assert_eq!(
            of(Result::<u8, String>::STRUCTURE),
            of(Box::<u8>::STRUCTURE)
        );
        assert_ne!(of(u8::STRUCTURE), of(u16::STRUCTURE));
        assert_ne!(of(Option::<u8>::STRUCTURE), of(u8::STRUCTURE));
        assert_ne!(of(<(u8, u16)>::STRUCTURE), of(<(u16, u8)>::STRUCTURE));
    }

    #[test]
    fn a_part_is_known_by_its_place_and_a_named_one_by_its_name() {
        const SIZE: &Structure =
            &Structure::named("Size", "u8", &[StructurePart::field("", u8::STRUCTURE)]);
        const WIDER: &Structure =
            &Structure::named("Size", "u16", &[StructurePart::field("", u16::STRUCTURE)]);
        let host =
            |parts: &[StructurePart]| Structure::named("Host", "{ … }", parts.to_vec().leak());
        let size = |structure| host(&[StructurePart::field("size", structure)]).fingerprint();
        assert_ne!(size(u8::STRUCTURE), size(u16::STRUCTURE));
        assert_ne!(size(u8::STRUCTURE), size(SIZE));
        assert_eq!(size(SIZE), size(WIDER));
        let [a, b] = ["a", "b"].map(|name| StructurePart::field(name, u8::STRUCTURE));
        assert_eq!(host(&[a, b]).fingerprint(), host(&[b, a]).fingerprint());
        assert_ne!(
            host(&[a]).fingerprint(),
            host(&[a.of_variant("A")]).fingerprint()
        );
        // These are in locks: they must not change with the compiler, or with this crate.
        assert_eq!(u32::STRUCTURE.fingerprint(), 0x4d2b_df19_3e85_26d1);
    }
}
