//! [`Invocation`]: one request as an endpoint sees it. It decodes context and arguments, and encodes the
//! reply.
//!
//! The serializer hook is applied here, in both directions. An invocation lives as long as its handler runs
//! and owns the values that the handler borrows.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::arena::Arena;
use super::raw_argument::RawArgument;
use crate::serializer::Serializer;
use crate::wire::{self, Entries, RawRequest, Request};
use crate::{IntoRemoteError, RemoteError, Result, Target, Version};

/// The outcome of a method: its encoded reply (`None` for a cast), or the error that it raised.
pub type Outcome = Result<Option<Bytes>, RemoteError>;

/// One request as an [`Endpoint`](super::Endpoint) sees it.
#[derive(Debug)]
pub struct Invocation<'a> {
    request: &'a Request<'a>,
    serializer: Option<&'a dyn Serializer>,
    server: &'a Target,
    place: Option<usize>,
    kept: Arena,
}

impl<'a> Invocation<'a> {
    pub(crate) fn new(
        request: &'a Request<'a>,
        serializer: Option<&'a dyn Serializer>,
        server: &'a Target,
        place: Option<usize>,
    ) -> Self {
        Self {
            request,
            serializer,
            server,
            place,
            kept: Arena::default(),
        }
    }

    /// The server that runs the method: exchange, topic and server name.
    #[must_use]
    pub fn server(&self) -> &'a Target {
        self.server
    }

    /// The method's name on the wire.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.request.method()
    }

    /// The method's index in [`Interface::methods`](crate::Interface::methods). `None` for an endpoint whose
    /// [`Scope`](super::Scope) has no interface.
    #[must_use]
    pub fn place(&self) -> Option<usize> {
        self.place
    }

    /// The namespace of the message, if any.
    #[must_use]
    pub fn namespace(&self) -> Option<&'a str> {
        self.request.namespace()
    }

    /// Whether this is a call, whose sender waits for a reply. Otherwise it is a cast.
    #[must_use]
    pub fn is_call(&self) -> bool {
        self.request.reply_to().is_some()
    }

    /// The version that the message is stamped with. A message without a stamp counts as 1.0. `None` if the
    /// stamp is not a version.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.request.stamp()
    }

    /// Decodes the request context as a `C`.
    ///
    /// # Errors
    ///
    /// A `ValueError` for the caller if the context cannot be read as a `C`; the error of the server's
    /// serializer hook.
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

    /// Finds the arguments with the given names. They stay raw JSON.
    ///
    /// # Errors
    ///
    /// A `TypeError` for the caller if the message has an argument with another name. A `ValueError` if the
    /// arguments are not a JSON object.
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

    /// The arguments as they were sent: the text of a JSON object. The server's serializer hook is not
    /// applied.
    #[must_use]
    pub fn raw_arguments(&self) -> &'a str {
        self.request.arguments()
    }

    /// Copies the request as it was sent, to store or forward it.
    ///
    /// # Errors
    ///
    /// A `ValueError` for the caller if the context or an argument is not valid JSON, such as Python's `NaN`.
    pub fn to_raw(&self) -> Result<RawRequest, RemoteError> {
        let request = self.request;
        let wrong = |what: &str, error| RemoteError::value_error(format!("bad {what}: {error}"));
        let context = request.context();
        let arguments = wire::read(request.arguments());
        let mut raw = RawRequest::new(request.method());
        raw.namespace = request.namespace().map(str::to_owned);
        raw.version = request.version().and(request.stamp());
        raw.context = context.map_err(|error| wrong("request context", error))?;
        raw.arguments = arguments.map_err(|error| wrong("arguments", error))?;
        raw.is_call = self.is_call();
        raw.monitor = request.monitor();
        Ok(raw)
    }

    /// Stores a value until the request ends, so that a method can borrow it.
    pub fn keep<T: Send + Sync + 'static>(&self, value: T) -> &T {
        self.kept.keep(value)
    }

    /// Encodes the method's result as its reply.
    ///
    /// # Errors
    ///
    /// The error that the method raised; a `TypeError` if the result cannot be written as JSON; the error of
    /// the server's serializer hook.
    pub fn reply<T: Serialize, E: IntoRemoteError>(&self, result: Result<T, E>) -> Outcome {
        let value = result.map_err(IntoRemoteError::into_remote_error)?;
        let Some(to) = self.request.reply_to() else {
            return Ok(None);
        };
        let wrong = |error| self.not_json(&error);
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

    /// Encodes a raw result as the reply. The server's serializer hook is not applied.
    ///
    /// # Errors
    ///
    /// A `TypeError` if the reply cannot be encoded. A valid `RawValue` always can.
    pub fn raw_reply(&self, result: &RawValue) -> Outcome {
        let Some(to) = self.request.reply_to() else {
            return Ok(None);
        };
        let reply = wire::success(to, result);
        reply.map(Some).map_err(|error| self.not_json(&error))
    }

    fn not_json(&self, error: &serde_json::Error) -> RemoteError {
        let method = self.request.method();
        let message =
            format!("{method}() returned a value that cannot be written as JSON: {error}");
        RemoteError::new("TypeError", message).module("builtins")
    }
}
