//! [`Lossy`]: reads strings from Python that are not valid Unicode.
//!
//! A Python string may contain lone surrogates, which no Rust string can hold. [`Lossy`] replaces them with
//! `U+FFFD`.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::Describe;
use crate::interface::Structure;
use crate::wire::replace_lone_surrogates;

/// Reads a `T` with `U+FFFD` in place of each lone surrogate.
///
/// A Python string may contain lone surrogates: `os.fsdecode` produces one for each byte of a file name that
/// is not UTF-8. JSON can represent them, but Rust strings and [`serde_json::Value`] cannot. Without `Lossy`,
/// a result or an argument with such a string is an [`Error::Deserialize`](crate::Error::Deserialize).
///
/// The replacement loses information: two file names can become equal. Do not open files by a lossy name.
///
/// `Lossy<T>` may be a whole result, a whole argument, or a part of one. On the wire it is a `T`.
///
/// ```
/// use rpc_runtime::Lossy;
///
/// let name: Lossy<String> = serde_json::from_str(r#""caf\udce9""#)?;
/// assert_eq!(name.0, "caf\u{fffd}");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lossy<T>(pub T);

impl<T: Serialize> Serialize for Lossy<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Works with JSON only, as [`RawValue`] does.
impl<'de, T: DeserializeOwned> Deserialize<'de> for Lossy<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text: Cow<'_, str> = replace_lone_surrogates(raw.get());
        serde_json::from_str(&text)
            .map(Self)
            .map_err(D::Error::custom)
    }
}

impl<T: Describe> Describe for Lossy<T> {
    const STRUCTURE: &'static Structure = T::STRUCTURE;
}
