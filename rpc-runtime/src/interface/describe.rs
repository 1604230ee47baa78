//! [`Describe`]: the structure of types as constants, which an interface lock records and compares.
//!
//! A structure is a text (how serde writes the type, one level deep), and a fingerprint of the types in that
//! text. Both are computed at compile time, and compared at compile time or in tests, never at run time.
//! Fingerprints are stored in locks, so their computation must never change.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::{CStr, CString, OsStr, OsString};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8,
    NonZeroU16, NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize,
};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::maybe_absent::MaybeAbsent;

/// A type whose structure on the wire is known, so that an interface lock detects changes to it.
///
/// Derive it for types that interfaces with a [lock](macro@crate::rpc_client#the-interface-lock) send. The derive macro
/// reads serde's attributes as far as they change what is written or what is accepted. The type of each field must
/// implement `Describe`, too. A field whose type does not is marked `#[rpc(opaque)]`; the lock then records only the
/// name of its type. A recursive type is recorded by name inside itself. If two types contain each other, mark a field
/// of one of them as opaque. An enum whose variants have options of [`IntoRemoteError`](crate::IntoRemoteError) cannot
/// derive `Describe`, too: a lock records errors without it.
///
/// Two kinds of changes are not detected: a change of the attributes `from`, `try_from` or `rename(deserialize = …)`,
/// which affect only what is accepted; and a change of an array's length that is written as a constant or behind an
/// alias.
///
/// In the text of a structure, `?` marks a field that may be absent, and `opaque` an opaque field.
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
///     up: std::time::Duration,
///     #[rpc(opaque)]
///     labels: serde_json::Map<String, serde_json::Value>,
/// }
///
/// let shape = "{ host-name: String, size?: u32, up: Duration, labels: opaque serde_json::Map<String, serde_json::Value> }";
/// assert_eq!(Host::STRUCTURE.shape(), shape);
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

/// A part of a structure: where it is, and its own structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StructurePart {
    variant: &'static str,
    field: &'static str,
    structure: &'static Structure,
}

impl StructurePart {
    /// The field `name`, as written in the shape. The name is empty in a type that is one value.
    #[must_use]
    pub const fn field(name: &'static str, structure: &'static Structure) -> Self {
        Self {
            variant: "",
            field: name,
            structure,
        }
    }

    /// Sets the variant that the part is in.
    #[must_use]
    pub const fn of_variant(mut self, name: &'static str) -> Self {
        self.variant = name;
        self
    }

    /// The variant that the part is in. Empty if the type has no variants.
    #[must_use]
    pub const fn variant(&self) -> &'static str {
        self.variant
    }

    /// The name of the field.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.field
    }

    /// The structure of the part.
    #[must_use]
    pub const fn structure(&self) -> &'static Structure {
        self.structure
    }

    /// A hash of the part's position and structure.
    pub(crate) const fn fingerprint(&self) -> u64 {
        let hash = add(add(SEED, self.variant.as_bytes()), &[0]);
        let hash = add(add(hash, self.field.as_bytes()), &[0]);
        add(hash, &self.structure.reference().to_le_bytes())
    }
}

impl Structure {
    /// The structure of a named type. A lock records it under its name.
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

    /// The structure of a type without a record of its own, such as a list of other types.
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

    /// The structure of a type of which only the name is known.
    #[must_use]
    pub const fn opaque(name: &'static str) -> Self {
        Self {
            name: None,
            shape: name,
            parts: &[],
            // The same as `reference` of a named type, so that a described type may replace an opaque one.
            fingerprint: add(add(SEED, b"type "), name.as_bytes()),
        }
    }

    /// The type's name, if a lock records it under one.
    #[must_use]
    pub const fn name(&self) -> Option<&'static str> {
        self.name
    }

    /// The text of the structure, one level deep.
    #[must_use]
    pub const fn shape(&self) -> &'static str {
        self.shape
    }

    /// The parts of the structure.
    #[must_use]
    pub const fn parts(&self) -> &'static [StructurePart] {
        self.parts
    }

    /// For a named type, a hash of its parts. Otherwise, a hash of the shape and the parts. A part with a name is
    /// hashed by that name, because the lock records its structure separately. Any other part is hashed by its
    /// structure, so the hash detects an alias that now stands for another type.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The hash of this structure as a part of another one.
    const fn reference(&self) -> u64 {
        match self.name {
            Some(name) => add(add(SEED, b"type "), name.as_bytes()),
            None => self.fingerprint,
        }
    }
}

/// The offset basis of FNV-1a.
const SEED: u64 = 0xcbf2_9ce4_8422_2325;

/// Continues an FNV-1a hash.
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
basic!(NonZeroU8 NonZeroU16 NonZeroU32 NonZeroU64 NonZeroU128 NonZeroUsize);
basic!(NonZeroI8 NonZeroI16 NonZeroI32 NonZeroI64 NonZeroI128 NonZeroIsize);

macro_rules! forms {
    ($($ty:ty: $form:literal;)*) => {
        $(impl Describe for $ty {
            const STRUCTURE: &'static Structure = &Structure::of($form, &[]);
        })*
    };
}

// As serde writes these types of the standard library. A lock stores the hash of each text, so no text may change.
forms! {
    Path: "path string";
    PathBuf: "path string";
    OsStr: "string of the operating system";
    OsString: "string of the operating system";
    CStr: "bytes without zero";
    CString: "bytes without zero";
    Duration: "{ secs: u64, nanos: u32 }";
    SystemTime: "{ secs_since_epoch: u64, nanos_since_epoch: u32 }";
    IpAddr: "IP address string";
    Ipv4Addr: "IPv4 address string";
    Ipv6Addr: "IPv6 address string";
    SocketAddr: "socket address string";
    SocketAddrV4: "IPv4 socket address string";
    SocketAddrV6: "IPv6 socket address string";
}

/// Any JSON value.
impl Describe for serde_json::value::RawValue {
    const STRUCTURE: &'static Structure = serde_json::Value::STRUCTURE;
}

/// Any JSON value.
impl Describe for serde_json::Value {
    const STRUCTURE: &'static Structure = &Structure::of("any", &[]);
}

impl Describe for str {
    const STRUCTURE: &'static Structure = String::STRUCTURE;
}

// A pointer to a value is written as the value.
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

/// The result of a method that succeeds.
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
    "list": Vec<T> [T] BTreeSet<T> BinaryHeap<T> LinkedList<T> VecDeque<T>;
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

tuples!(
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) (A B C D E F G H I)
    (A B C D E F G H I J) (A B C D E F G H I J K) (A B C D E F G H I J K L)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_with_the_same_form_on_the_wire_have_one_fingerprint() {
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
    fn a_part_is_hashed_by_position_and_a_named_part_by_name() {
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
        // Locks contain these numbers, so they must not change with the compiler or with this crate.
        assert_eq!(u32::STRUCTURE.fingerprint(), 0x4d2b_df19_3e85_26d1);
    }
}
