//! Decodes one raw JSON value to its type.
//!
//! `serde_json` decodes all values except strings. A string is unquoted in one pass, directly into the string
//! that the caller gets. If that fails, `serde_json` decodes it and reports the error.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde_json::{Error, Result};

use super::unquote;

/// Decodes `json`. Only white space may surround the value.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T> {
    T::deserialize(Raw(json))
}

/// The JSON text of one value.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a>(pub(super) &'a str);

impl<'a> Raw<'a> {
    fn with<V>(
        self,
        read: impl FnOnce(&mut serde_json::Deserializer<serde_json::de::StrRead<'a>>) -> Result<V>,
    ) -> Result<V> {
        let mut json = serde_json::Deserializer::from_str(self.0);
        let value = read(&mut json)?;
        json.end()?;
        Ok(value)
    }
}

impl<'de> IntoDeserializer<'de, Error> for Raw<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! by_serde_json {
    ($($method:ident($($argument:ident: $ty:ty),*))*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $ty,)* visitor: V) -> Result<V::Value> {
            self.with(|json| json.$method($($argument,)* visitor))
        })*
    };
}

impl<'de> Deserializer<'de> for Raw<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match unquote(self.0) {
            Ok(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Ok(Cow::Owned(text)) => visitor.visit_string(text),
            Err(_) => self.with(|json| json.deserialize_any(visitor)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match unquote(self.0) {
            Ok(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Ok(Cow::Owned(text)) => visitor.visit_string(text),
            Err(_) => self.with(|json| json.deserialize_str(visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.0.starts_with('"') {
            return visitor.visit_some(self);
        }
        self.with(|json| json.deserialize_option(visitor))
    }

    by_serde_json! {
        deserialize_bool() deserialize_char() deserialize_f32() deserialize_f64()
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_seq()
        deserialize_map() deserialize_identifier() deserialize_ignored_any()
        deserialize_tuple(length: usize)
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_tuple_struct(name: &'static str, length: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::net::IpAddr;

    use serde::Deserialize;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    enum Kind {
        Plain,
        With(String),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Name(String);

    fn same<T: DeserializeOwned + PartialEq + Debug>(json: &str) {
        assert_eq!(
            read::<T>(json).ok(),
            serde_json::from_str(json).ok(),
            "{json}"
        );
    }

    #[test]
    fn values_are_read_as_serde_json_reads_them() {
        for json in [
            r#""Plain""#,
            r#""a \"b\"\n""#,
            r#""\u00e9""#,
            r#""\ud800""#,
            r#""::1""#,
            r#"{"With":"x"}"#,
            r#"["a","b"]"#,
            r#""a"b""#,
            "\"",
            "\"a\nb\"",
            "null",
            "nul",
            "1",
            "1x",
            "1.5e3",
            "true",
            "",
            "NaN",
        ] {
            same::<String>(json);
            same::<Option<String>>(json);
            same::<Option<Name>>(json);
            same::<Name>(json);
            same::<Kind>(json);
            same::<Value>(json);
            same::<IpAddr>(json);
            same::<char>(json);
            same::<u8>(json);
            same::<f64>(json);
            same::<bool>(json);
            same::<()>(json);
            same::<Vec<String>>(json);
            same::<(String, String)>(json);
            let raw = |read: Result<Box<RawValue>>| read.ok().map(|raw| raw.get().to_owned());
            assert_eq!(raw(read(json)), raw(serde_json::from_str(json)), "{json}");
        }
    }
}
