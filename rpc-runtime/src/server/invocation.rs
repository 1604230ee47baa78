//! One request on its way into a method, and what the method came to on its way out.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::raw_argument::RawArgument;
use super::shelf::Shelf;
use crate::serializer::Serializer;
use crate::wire::{self, Entries, Request};
use crate::{IntoRemoteError, RemoteError, Result, Target, Version};

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
