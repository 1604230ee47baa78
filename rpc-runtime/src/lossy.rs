//! Text from Python that is no Unicode.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::Describe;
use crate::interface::Structure;
use crate::wire::replace_lone_surrogates;

/// A value whose texts are read with `U+FFFD` in place of what is no Unicode.
///
/// Python has texts that are no Unicode: a file name of other bytes than UTF-8 has a lone surrogate for each of them
/// (`os.fsdecode`). JSON can write them, and Rust's strings cannot hold them, nor can [`serde_json::Value`]: a result or
/// an argument with such a text is an [`Error::Deserialize`](crate::Error::Deserialize). `Lossy<T>` in place of `T`
/// reads it all the same. Another file may have the same name then: do not open files by it.
///
/// It stands where the lossy text may be: as a result or an argument, or within one. On the wire it is a `T`.
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

/// Reads JSON alone, as [`RawValue`] does.
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
