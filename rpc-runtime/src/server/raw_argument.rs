//! One argument of a request, from its JSON to its type.

use serde::de::{self, DeserializeOwned};
use serde::forward_to_deserialize_any;

use crate::maybe_absent::MAYBE_ABSENT;
use crate::serializer::Serializer;
use crate::wire;
use crate::{IntoRemoteError, RemoteError, Result};

/// One argument, before its type is known.
#[derive(Debug, Clone, Copy)]
pub struct RawArgument<'a> {
    pub(super) name: &'static str,
    pub(super) json: Option<&'a str>,
    pub(super) serializer: Option<&'a dyn Serializer>,
}

impl<'a> RawArgument<'a> {
    /// This argument, or the same under a name of old.
    ///
    /// # Errors
    ///
    /// A `TypeError` to be raised in the caller when both were sent.
    pub fn or(self, old: RawArgument<'a>) -> Result<Self, RemoteError> {
        match (self.json, old.json) {
            (Some(_), Some(_)) => {
                let (name, old) = (self.name, old.name);
                let message = format!("got multiple values for argument '{name}', as '{old}' too");
                Err(RemoteError::type_error(message))
            }
            (None, Some(_)) => Ok(old),
            (_, None) => Ok(self),
        }
    }

    /// Whether it was sent, whatever it is.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.json.is_some()
    }

    /// The argument, as a `T`, if it was sent.
    ///
    /// # Errors
    ///
    /// A `ValueError` to be raised in the caller when it does not fit.
    pub fn sent<T: DeserializeOwned>(self) -> Result<Option<T>, RemoteError> {
        self.json.map(|_| self.decode()).transpose()
    }

    /// The argument, as a `T`. One that was not sent is `None` for an `Option`.
    ///
    /// # Errors
    ///
    /// A `TypeError` to be raised in the caller when it was not sent, a `ValueError` when it does not
    /// fit.
    pub fn decode<T: DeserializeOwned>(self) -> Result<T, RemoteError> {
        let name = self.name;
        let Some(json) = self.json else {
            return T::deserialize(Absent).map_err(|_| {
                RemoteError::type_error(format!("missing 1 required argument: '{name}'"))
            });
        };
        let wrong = |error| RemoteError::value_error(format!("bad argument '{name}': {error}"));
        match self.serializer {
            None => wire::read(json).map_err(wrong),
            Some(serializer) => {
                let entity = serde_json::from_str(json).map_err(wrong)?;
                let entity = serializer
                    .deserialize_entity(entity)
                    .map_err(IntoRemoteError::into_remote_error)?;
                serde_json::from_value(entity).map_err(wrong)
            }
        }
    }
}

/// What stands for an argument that was not sent: it fits an `Option` and a `MaybeAbsent`, and nothing else.
struct Absent;

impl<'de> de::Deserializer<'de> for Absent {
    type Error = de::value::Error;

    fn deserialize_any<V: de::Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("absent"))
    }

    fn deserialize_option<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: de::Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match name {
            MAYBE_ABSENT => visitor.visit_none(),
            _ => Err(de::Error::custom("absent")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
