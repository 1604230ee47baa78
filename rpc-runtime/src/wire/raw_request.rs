//! [`RawRequest`]: a request with raw JSON values, for untyped endpoints and clients. Plain data.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::read;
use crate::{RemoteError, Result, Version};

/// A JSON object whose values are the raw text that was sent. No number is rounded.
pub type RawObject = BTreeMap<String, Box<RawValue>>;

/// A request whose context and arguments are the raw JSON that was sent.
///
/// An [`UntypedEndpoint`](crate::server::UntypedEndpoint) receives it, and
/// [`RpcClient::forward`](crate::RpcClient::forward) sends it.
#[derive(Clone)]
#[non_exhaustive]
pub struct RawRequest {
    /// The method's name on the wire.
    pub method: String,
    /// The namespace of the interface. `None` addresses endpoints without a namespace.
    pub namespace: Option<String>,
    /// The version that the message is stamped with. A server reads an absent version as 1.0.
    pub version: Option<Version>,
    /// The request context.
    pub context: RawObject,
    /// The arguments, by their names on the wire.
    pub arguments: RawObject,
    /// Whether this is a call, whose sender waits for a reply. Otherwise it is a cast.
    pub is_call: bool,
    /// The monitor interval of a call: how long the server may be silent while the method runs.
    pub monitor: Option<Duration>,
}

impl RawRequest {
    /// A call of `method` without arguments, namespace and version.
    #[must_use]
    pub fn new(method: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            namespace: None,
            version: None,
            context: RawObject::new(),
            arguments: RawObject::new(),
            is_call: true,
            monitor: None,
        }
    }

    /// Decodes the argument `name` as a `T`.
    ///
    /// # Errors
    ///
    /// A `TypeError` for the caller if the argument was not sent. A `ValueError` if it cannot be read as a
    /// `T`.
    pub fn argument<T: DeserializeOwned>(&self, name: &str) -> Result<T, RemoteError> {
        let Some(json) = self.arguments.get(name) else {
            let message = format!("missing 1 required argument: '{name}'");
            return Err(RemoteError::type_error(message));
        };
        read(json.get())
            .map_err(|error| RemoteError::value_error(format!("bad argument '{name}': {error}")))
    }
}

/// Shows the names of the arguments. Omits their values and the context, which may hold secrets.
impl fmt::Debug for RawRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            namespace,
            version,
            context: _,
            arguments,
            is_call,
            monitor,
        } = self;
        f.debug_struct("RawRequest")
            .field("method", method)
            .field("namespace", namespace)
            .field("version", version)
            .field("arguments", &arguments.keys())
            .field("is_call", is_call)
            .field("monitor", monitor)
            .finish_non_exhaustive()
    }
}
