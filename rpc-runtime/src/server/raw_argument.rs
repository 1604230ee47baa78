//! [`RawArgument`]: one argument of a request, decoded from JSON to its type. Its errors are those that
//! Python raises.

use serde::de::{self, DeserializeOwned};
use serde::forward_to_deserialize_any;

use crate::maybe_absent::MAYBE_ABSENT;
use crate::serializer::Serializer;
use crate::wire;
use crate::{IntoRemoteError, RemoteError, Result};

/// One argument that is not decoded yet.
#[derive(Debug, Clone, Copy)]
pub struct RawArgument<'a> {
    pub(super) name: &'static str,
    pub(super) json: Option<&'a str>,
    pub(super) serializer: Option<&'a dyn Serializer>,
}

impl<'a> RawArgument<'a> {
    /// This argument, or the same argument under an older name.
    ///
    /// # Errors
    ///
    /// A `TypeError` for the caller if both were sent.
    pub fn or(self, old: RawArgument<'a>) -> Result<Self, RemoteError> {
        match (self.json, old.json) {
            (Some(_), Some(_)) => {
                let (name, old) = (self.name, old.name);
                let message = format!(
                    "got multiple values for argument '{name}': it was also sent as '{old}'"
                );
                Err(RemoteError::type_error(message))
            }
            (None, Some(_)) => Ok(old),
            (_, None) => Ok(self),
        }
    }

    /// Whether the argument was sent, even as null.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.json.is_some()
    }

    /// Decodes the argument as a `T`. `None` if it was not sent.
    ///
    /// # Errors
    ///
    /// A `ValueError` for the caller if the argument cannot be read as a `T`.
    pub fn sent<T: DeserializeOwned>(self) -> Result<Option<T>, RemoteError> {
        self.json.map(|_| self.decode()).transpose()
    }

    /// Decodes the argument as a `T`. If it was not sent, an `Option` is `None` and a
    /// [`MaybeAbsent`](crate::MaybeAbsent) is absent.
    ///
    /// # Errors
    ///
    /// A `TypeError` for the caller if the argument was not sent and `T` requires it. A `ValueError` if it
    /// cannot be read as a `T`.
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

/// The deserializer of an argument that was not sent. Only `Option` and `MaybeAbsent` can be read from it.
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
