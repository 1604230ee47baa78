//! One implementation of one interface, as a server sees it.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;

use bytes::Bytes;
use serde::de::{self, DeserializeOwned};
use serde::{Serialize, forward_to_deserialize_any};

use crate::maybe::MAYBE;
use crate::serializer::Serializer;
use crate::wire::{self, Entries, Request};
use crate::{Interface, IntoRemoteError, RemoteError, Result, Target, Version};

/// A future on the heap, that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An implementation of an interface, to be put into a server.
///
/// `#[rpc_client]` makes one of each trait; nothing but the trait's methods can be reached through it.
pub trait Endpoint: fmt::Debug + Send + Sync + 'static {
    /// The interface that is implemented.
    fn interface(&self) -> &'static Interface;

    /// The namespaces under which the interface is also served; `None` in it is the absent namespace.
    fn legacy_namespaces(&self) -> &[Option<String>] {
        &[]
    }

    /// Runs the method at that place in [`Interface::methods`].
    fn dispatch<'a>(
        &'a self,
        method: usize,
        incoming: &'a Invocation<'a>,
    ) -> BoxFuture<'a, Outcome>;
}

/// What a method came to: its encoded reply (none for a cast), or what it raised.
pub type Outcome = Result<Option<Bytes>, RemoteError>;

/// One request on its way into a method.
#[derive(Debug)]
pub struct Invocation<'a> {
    request: &'a Request<'a>,
    serializer: Option<&'a dyn Serializer>,
    server: &'a Target,
    kept: Shelf,
}

impl<'a> Invocation<'a> {
    pub(crate) fn new(
        request: &'a Request<'a>,
        serializer: Option<&'a dyn Serializer>,
        server: &'a Target,
    ) -> Self {
        Self {
            request,
            serializer,
            server,
            kept: Shelf::default(),
        }
    }

    /// The server that runs the method: exchange, topic, name.
    #[must_use]
    pub fn server(&self) -> &'a Target {
        self.server
    }

    /// The version that the message is stamped with; one without a stamp counts as 1.0.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.request.stamp()
    }

    /// The request context, as a `C`.
    ///
    /// # Errors
    ///
    /// A `ValueError` to be raised in the caller, when what was sent does not fit.
    pub fn context<C: DeserializeOwned>(&self) -> Result<C, RemoteError> {
        let wrong = |error| RemoteError::value_error(format!("bad request context: {error}"));
        match self.serializer {
            None => self.request.context().map_err(wrong),
            Some(serializer) => {
                let context = self.request.context().map_err(wrong)?;
                let context = serializer
                    .deserialize_context(context)
                    .map_err(IntoRemoteError::into_remote_error)?;
                serde_json::from_value(context.into()).map_err(wrong)
            }
        }
    }

    /// The arguments of the given names, still raw.
    ///
    /// # Errors
    ///
    /// A `TypeError` to be raised in the caller, when others were sent than these.
    pub fn arguments<const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Result<[RawArgument<'a>; N], RemoteError> {
        let bad = |error| RemoteError::value_error(format!("bad arguments: {error}"));
        let serializer = self.serializer;
        let mut arguments = names.map(|name| RawArgument {
            name,
            json: None,
            serializer,
        });
        for entry in Entries::new(self.request.arguments()).map_err(bad)? {
            let (name, json) = entry.map_err(bad)?;
            match arguments.iter_mut().find(|argument| argument.name == name) {
                Some(argument) => argument.json = Some(json),
                None => {
                    let method = self.request.method();
                    let message = format!("{method}() got an unexpected keyword argument '{name}'");
                    return Err(RemoteError::type_error(message));
                }
            }
        }
        Ok(arguments)
    }

    /// Keeps a value for as long as the request lasts: what a method borrows while it runs.
    pub fn keep<T: Send + Sync + 'static>(&self, value: T) -> &T {
        self.kept.keep(value)
    }

    /// What a method returned, as its reply.
    ///
    /// # Errors
    ///
    /// What the method raised.
    pub fn reply<T: Serialize, E: IntoRemoteError>(&self, result: Result<T, E>) -> Outcome {
        let value = result.map_err(IntoRemoteError::into_remote_error)?;
        let Some(to) = self.request.reply_to() else {
            return Ok(None);
        };
        let wrong = |error| {
            let method = self.request.method();
            let message = format!("{method}() returned what JSON cannot hold: {error}");
            RemoteError::new("TypeError", message).module("builtins")
        };
        let reply = match self.serializer {
            None => wire::success(to, &value).map_err(wrong)?,
            Some(serializer) => {
                let entity = serde_json::to_value(value).map_err(wrong)?;
                let entity = serializer
                    .serialize_entity(entity)
                    .map_err(IntoRemoteError::into_remote_error)?;
                wire::success(to, &entity).map_err(wrong)?
            }
        };
        Ok(Some(reply))
    }
}

/// Values of any type that can be put there through a shared reference, and stay where they are.
///
/// A list, as there are few: the context, and what is lent.
#[derive(Debug, Default)]
struct Shelf(OnceLock<Box<Kept>>);

#[derive(Debug)]
struct Kept<T: ?Sized = dyn Any + Send + Sync> {
    next: Shelf,
    value: T,
}

impl Shelf {
    fn keep<T: Send + Sync + 'static>(&self, value: T) -> &T {
        let mut shelf = self;
        let mut kept: Box<Kept> = Box::new(Kept {
            next: Shelf::default(),
            value,
        });
        while let Err(back) = shelf.0.set(kept) {
            kept = back;
            shelf = &shelf.0.wait().next;
        }
        let kept = shelf.0.get().and_then(|kept| kept.value.downcast_ref());
        kept.expect("it was put there")
    }
}

/// One argument, before its type is known.
#[derive(Debug, Clone, Copy)]
pub struct RawArgument<'a> {
    name: &'static str,
    json: Option<&'a str>,
    serializer: Option<&'a dyn Serializer>,
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

/// What stands for an argument that was not sent: it fits an `Option` and a `Maybe`, and nothing else.
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
            MAYBE => visitor.visit_none(),
            _ => Err(de::Error::custom("absent")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_is_kept_stays_until_all_of_it_goes() {
        let shelf = Shelf::default();
        let counted = Arc::new(());
        let text = shelf.keep("one".to_owned());
        let number = shelf.keep(2_u32);
        let other = shelf.keep(counted.clone());
        assert_eq!((text.as_str(), *number), ("one", 2));
        assert_eq!(Arc::strong_count(other), 2);
        drop(shelf);
        assert_eq!(Arc::strong_count(&counted), 1);
    }
}
