//! The structure of types, as constants: what an interface lock knows of a type beside its name.
//!
//! A structure is a text (how serde writes the type, one level deep) and a fingerprint of that text and of
//! the structures within. Computed by the compiler, and compared there or in tests; never at run time.

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
/// A field with `?` may be absent.
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
/// assert_eq!(Host::STRUCTURE.shape(), "{ host-name: String, size?: u32, started: Duration }");
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
    parts: &'static [&'static Structure],
    fingerprint: u64,
}

impl Structure {
    /// The structure of a type that has a name, by which a lock knows it.
    #[must_use]
    pub const fn named(
        name: &'static str,
        shape: &'static str,
        parts: &'static [&'static Structure],
    ) -> Self {
        let mut structure = Self::of(shape, parts);
        structure.name = Some(name);
        structure
    }

    /// The structure of a type that is nothing by itself, such as a list of others.
    #[must_use]
    pub const fn of(shape: &'static str, parts: &'static [&'static Structure]) -> Self {
        Self {
            name: None,
            shape,
            parts,
            fingerprint: fingerprint(shape, parts),
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

    /// The structures of what is within.
    #[must_use]
    pub const fn parts(&self) -> &'static [&'static Structure] {
        self.parts
    }

    /// A number that differs when anything within does.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

/// FNV-1a. The name is not part of it: it is nothing on the wire.
const fn fingerprint(shape: &str, parts: &[&Structure]) -> u64 {
    const fn add(hash: u64, bytes: &[u8]) -> u64 {
        let mut hash = hash;
        let mut index = 0;
        while index < bytes.len() {
            hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0100_0000_01b3);
            index += 1;
        }
        hash
    }
    let mut hash = add(0xcbf2_9ce4_8422_2325, shape.as_bytes());
    let mut index = 0;
    while index < parts.len() {
        hash = add(hash, &parts[index].fingerprint.to_le_bytes());
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
            const STRUCTURE: &'static Structure = &Structure::of($shape, &[T::STRUCTURE]);
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
    const STRUCTURE: &'static Structure = &Structure::of("map", &[K::STRUCTURE, V::STRUCTURE]);
}

impl<K: Describe, V: Describe, S> Describe for HashMap<K, V, S> {
    const STRUCTURE: &'static Structure = BTreeMap::<K, V>::STRUCTURE;
}

macro_rules! tuples {
    ($(($($part:ident)*))*) => {
        $(impl<$($part: Describe),*> Describe for ($($part,)*) {
            const STRUCTURE: &'static Structure = &Structure::of("tuple", &[$($part::STRUCTURE),*]);
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
    fn a_change_within_is_a_change_but_a_name_is_none() {
        const OLD: &Structure = &Structure::named("Host", "{ size: Size }", &[u8::STRUCTURE]);
        const NEW: &Structure = &Structure::named("Host", "{ size: Size }", &[u16::STRUCTURE]);
        const NAME: &Structure = &Structure::named("Node", "{ size: Size }", &[u8::STRUCTURE]);
        assert_ne!(OLD.fingerprint(), NEW.fingerprint());
        assert_eq!(OLD.fingerprint(), NAME.fingerprint());
        // These are in locks: they must not change with the compiler, or with this crate.
        assert_eq!(u32::STRUCTURE.fingerprint(), 0x4d2b_df19_3e85_26d1);
    }
}
