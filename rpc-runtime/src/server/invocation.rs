//! One request on its way into a method, and what the method came to on its way out.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::arena::Arena;
use super::raw_argument::RawArgument;
use crate::serializer::Serializer;
use crate::wire::{self, Entries, RawRequest, Request};
use crate::{IntoRemoteError, RemoteError, Result, Target, Version};

/// What a method came to: its encoded reply (none for a cast), or what it raised.
pub type Outcome = Result<Option<Bytes>, RemoteError>;

/// One request on its way into a method.
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

    /// The server that runs the method: exchange, topic, name.
    #[must_use]
    pub fn server(&self) -> &'a Target {
        self.server
    }

    /// The method, as named on the wire.
    #[must_use]
    pub fn method(&self) -> &'a str {
        self.request.method()
    }

    /// The method's place in [`Interface::methods`](crate::Interface::methods); absent for an endpoint whose
    /// [`Scope`](super::Scope) has no interface.
    #[must_use]
    pub fn place(&self) -> Option<usize> {
        self.place
    }

    /// The namespace of the message.
    #[must_use]
    pub fn namespace(&self) -> Option<&'a str> {
        self.request.namespace()
    }

    /// Whether the sender waits for a reply: a call, and no cast.
    #[must_use]
    pub fn is_call(&self) -> bool {
        self.request.reply_to().is_some()
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

    /// All arguments, a JSON object, as they were sent: the server's serializer has not rewritten them.
    #[must_use]
    pub fn raw_arguments(&self) -> &'a str {
        self.request.arguments()
    }

    /// The request as it was sent, to be kept or sent on.
    ///
    /// # Errors
    ///
    /// A `ValueError` to be raised in the caller when context or arguments are no JSON, such as Python's `NaN`.
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

    /// A result as its reply, as it is: the server's serializer does not rewrite it.
    ///
    /// # Errors
    ///
    /// None that a caller could cause: JSON can be written.
    pub fn raw_reply(&self, result: &RawValue) -> Outcome {
        let Some(to) = self.request.reply_to() else {
            return Ok(None);
        };
        let reply = wire::success(to, result);
        reply.map(Some).map_err(|error| self.not_json(&error))
    }

    fn not_json(&self, error: &serde_json::Error) -> RemoteError {
        let method = self.request.method();
        let message = format!("{method}() returned what JSON cannot hold: {error}");
        RemoteError::new("TypeError", message).module("builtins")
    }
}
