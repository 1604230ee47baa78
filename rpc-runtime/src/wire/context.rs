//! The request context on the wire: an object whose keys are sent at the message's top level, each
//! behind the prefix `_context_`.

use std::borrow::Cow;

use serde::de::value::MapDeserializer;
use serde::de::{self, DeserializeOwned};
use serde::ser::{self, Impossible, Serialize};
use serde_json::Error;
use serde_json::value::RawValue;

use super::message::Message;

pub(super) const PREFIX: &str = "_context_";

/// Writes any value that serialises to an object, or to nothing, into a message.
pub(super) struct ContextSerializer<'a> {
    message: &'a mut Message,
    key: Vec<u8>,
}

impl<'a> ContextSerializer<'a> {
    pub(super) fn new(message: &'a mut Message) -> Self {
        Self {
            message,
            key: Vec::new(),
        }
    }

    fn begin<K: Serialize + ?Sized>(&mut self, key: &K) -> Result<(), Error> {
        self.key.clear();
        serde_json::to_writer(&mut self.key, key)?;
        // The key as a JSON string, the prefix put behind its first quote.
        let key = std::str::from_utf8(&self.key).ok();
        let Some(rest) = key.and_then(|key| key.strip_prefix('"')) else {
            return Err(ser::Error::custom(
                "the keys of a request context must be strings",
            ));
        };
        self.message.raw(r#",""#);
        self.message.raw(PREFIX);
        self.message.raw(rest);
        self.message.raw(":");
        Ok(())
    }
}

fn no_object<T>(found: &str) -> Result<T, Error> {
    Err(ser::Error::custom(format!(
        "a request context must be an object (a struct with fields, or a map), not {found}"
    )))
}

macro_rules! refuse {
    ($($method:ident($($argument:ty),*) -> $what:literal;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<(), Error> { no_object($what) })*
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
        no_object("an enum")
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        no_object("a list")
    }

    fn serialize_tuple(self, _length: usize) -> Result<Self::SerializeTuple, Error> {
        no_object("a tuple")
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        no_object("a tuple")
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        no_object("an enum")
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
        no_object("an enum")
    }
}

impl ser::SerializeMap for ContextSerializer<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.begin(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.message.value(value)
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
        self.message.value(value)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

/// Reads a context from the keys (without their prefix) and raw values of a message.
pub(super) fn from_entries<C: DeserializeOwned>(
    entries: &[(Cow<'_, str>, &str)],
) -> Result<C, Error> {
    let mut values = Vec::with_capacity(entries.len());
    for (key, raw) in entries {
        let value: &RawValue = serde_json::from_str(raw)
            .map_err(|error| de::Error::custom(format!("key `{key}`: {error}")))?;
        values.push((key.as_ref(), value));
    }
    C::deserialize(MapDeserializer::new(values.into_iter()))
}
