//! A request whose types are not known here: plain data, on its way through an untyped endpoint or client.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::read;
use crate::{RemoteError, Result, Version};

/// A JSON object, its values as they came: nothing of them is rounded or reordered.
pub type RawObject = BTreeMap<String, Box<RawValue>>;

/// A request with the JSON that it was sent with.
///
/// An [`UntypedEndpoint`](crate::server::UntypedEndpoint) gets it, and
/// [`RpcClient::forward`](crate::RpcClient::forward) sends it.
#[derive(Clone)]
#[non_exhaustive]
pub struct RawRequest {
    /// The method, as named on the wire.
    pub method: String,
    /// The namespace of the interface; absent for that of endpoints that name none.
    pub namespace: Option<String>,
    /// The version that the message is stamped with. A server takes an absent one as 1.0.
    pub version: Option<Version>,
    /// The request context.
    pub context: RawObject,
    /// The arguments, by their names on the wire.
    pub arguments: RawObject,
    /// Whether the sender waits for a reply: a call, and no cast.
    pub is_call: bool,
    /// The longest silence that the sender of a call bears while the method runs.
    pub monitor: Option<Duration>,
}

impl RawRequest {
    /// A call of `method` without arguments, in no namespace and without a stamp.
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

    /// The argument of that name, as a `T`.
    ///
    /// # Errors
    ///
    /// A `TypeError` to be raised in the caller when it was not sent, a `ValueError` when it does not fit.
    pub fn argument<T: DeserializeOwned>(&self, name: &str) -> Result<T, RemoteError> {
        let Some(json) = self.arguments.get(name) else {
            let message = format!("missing 1 required argument: '{name}'");
            return Err(RemoteError::type_error(message));
        };
        read(json.get())
            .map_err(|error| RemoteError::value_error(format!("bad argument '{name}': {error}")))
    }
}

/// Shows the names of arguments, and no value: a context holds tokens.
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
