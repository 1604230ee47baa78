//! Encodes and decodes the request context.
//!
//! On the wire, the keys of the context are keys of the message itself, with the prefix `_context_`. Any
//! value that serde writes as a map, a struct or nothing can be a context; everything else is an error.

use std::borrow::Cow;

use serde::de::value::MapDeserializer;
use serde::de::{self, Deserialize, DeserializeOwned, IgnoredAny, Visitor};
use serde::forward_to_deserialize_any;
use serde::ser::{self, Impossible, Serialize};
use serde_json::Error;

use super::carried::Carried;
use super::message::Message;
use super::raw::Raw;

pub(super) const PREFIX: &str = "_context_";

/// Writes a context into a message: a value that serialises to an object, or to nothing.
pub(super) struct ContextSerializer<'a> {
    message: &'a mut Message,
    carried: Option<&'a mut Carried>,
}

impl<'a> ContextSerializer<'a> {
    pub(super) fn new(message: &'a mut Message, carried: Option<&'a mut Carried>) -> Self {
        Self { message, carried }
    }

    fn begin<K: Serialize + ?Sized>(&mut self, key: &K) -> Result<(), Error> {
        let from = self.message.length();
        self.message.raw(",");
        if !self.message.context_key(key)? {
            return Err(ser::Error::custom(
                "the keys of a request context must be strings",
            ));
        }
        self.message.raw(":");
        if let Some(carried) = &mut self.carried {
            carried.key(self.message, from);
        }
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let Some(carried) = &mut self.carried else {
            return self.message.value(value);
        };
        if carried.is_value_written() {
            self.message.value(value)?;
            carried.value(self.message);
        }
        Ok(())
    }
}

fn not_an_object<T>(found: &str) -> Result<T, Error> {
    Err(ser::Error::custom(format!(
        "a request context must be an object (a struct with fields, or a map), not {found}"
    )))
}

macro_rules! refuse {
    ($($method:ident($($argument:ty),*) -> $what:literal;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<(), Error> { not_an_object($what) })*
    };
}

impl ser::Serializer for ContextSerializer<'_> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Impossible<(), Error>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<(), Error>;

    refuse! {
        serialize_bool(bool) -> "a boolean";
        serialize_i8(i8) -> "a number";
        serialize_i16(i16) -> "a number";
        serialize_i32(i32) -> "a number";
        serialize_i64(i64) -> "a number";
        serialize_u8(u8) -> "a number";
        serialize_u16(u16) -> "a number";
        serialize_u32(u32) -> "a number";
        serialize_u64(u64) -> "a number";
        serialize_f32(f32) -> "a number";
        serialize_f64(f64) -> "a number";
        serialize_char(char) -> "a string";
        serialize_str(&str) -> "a string";
        serialize_bytes(&[u8]) -> "bytes";
        serialize_unit_variant(&'static str, u32, &'static str) -> "an enum";
    }

    fn serialize_none(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<(), Error> {
        not_an_object("an enum")
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        not_an_object("a list")
    }

    fn serialize_tuple(self, _length: usize) -> Result<Self::SerializeTuple, Error> {
        not_an_object("a tuple")
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        not_an_object("a tuple")
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        not_an_object("an enum")
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        not_an_object("an enum")
    }
}

impl ser::SerializeMap for ContextSerializer<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.begin(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

impl ser::SerializeStruct for ContextSerializer<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.begin(key)?;
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

/// Decodes a context from the keys (without their prefix) and raw values of a message.
pub(super) fn from_entries<C: DeserializeOwned>(
    entries: &[(Cow<'_, str>, &str)],
) -> Result<C, Error> {
    C::deserialize(ContextDeserializer(entries)).map_err(|error| {
        // If a value is not valid JSON, name its key in the error.
        let bad = entries.iter().find_map(|(key, raw)| {
            let error = serde_json::from_str::<serde_json::Value>(raw).err()?;
            Some(de::Error::custom(format!("key `{key}`: {error}")))
        });
        bad.unwrap_or(error)
    })
}

/// The reverse of [`ContextSerializer`]: reads an object, or nothing if there are no keys.
struct ContextDeserializer<'a>(&'a [(Cow<'a, str>, &'a str)]);

impl<'de> de::Deserializer<'de> for ContextDeserializer<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let values = self.0.iter().map(|(key, raw)| (key.as_ref(), Raw(raw)));
        visitor.visit_map(MapDeserializer::new(values))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_empty() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    /// Ignores the values, but checks that they are valid JSON.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        for (_, raw) in self.0 {
            IgnoredAny::deserialize(Raw(raw))?;
        }
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::wire::{Request, RequestEncoder};

    fn sent<C: Serialize>(context: &C) -> Result<String, Error> {
        let body = RequestEncoder::new("m").finish(None, None, context)?.cast();
        let text = Request::open(&body).unwrap();
        Ok(text)
    }

    fn round_trip<C: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(context: &C) {
        let text = sent(context).unwrap();
        let got: C = Request::parse(&text).unwrap().context().unwrap();
        assert_eq!(&got, context);
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Fields {
        user: String,
        #[serde(flatten)]
        rest: BTreeMap<String, f64>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Wrapped(Fields);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Nothing;

    #[test]
    fn contexts_that_serialise_to_an_object_or_nothing_are_read_back() {
        let fields = || Fields {
            user: "\"é\n".into(),
            rest: BTreeMap::from([("x y".into(), 25.393_806_810_840_914)]),
        };
        round_trip(&fields());
        round_trip(&Wrapped(fields()));
        round_trip(&Some(fields()));
        round_trip(&None::<Fields>);
        round_trip(&());
        round_trip(&Nothing);
        round_trip(&BTreeMap::from([("\\".to_owned(), vec![1, 2])]));
    }

    #[test]
    fn a_context_that_is_not_an_object_is_refused() {
        for error in [
            sent(&1).unwrap_err(),
            sent(&"text").unwrap_err(),
            sent(&[1]).unwrap_err(),
            sent(&(1, 2)).unwrap_err(),
        ] {
            assert!(error.to_string().contains("must be an object"), "{error}");
        }
        let error = sent(&BTreeMap::from([(1, 2)])).unwrap_err();
        assert!(error.to_string().contains("must be strings"), "{error}");
    }

    #[test]
    fn the_error_for_a_bad_value_names_its_key() {
        for bad in ["NaN", r#""\ud800""#, "[1"] {
            let text = format!(r#"{{"method":"m","_context_good":1,"_context_bad":{bad}}}"#);
            if let Ok(request) = Request::parse(&text) {
                let error = request.context::<BTreeMap<String, serde_json::Value>>();
                assert!(error.unwrap_err().to_string().contains("`bad`"), "{bad}");
            }
        }
    }
}
