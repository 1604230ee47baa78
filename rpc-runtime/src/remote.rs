//! A failure as it crosses the wire: a Python exception's class, module, message and traceback.
//!
//! Plain data. How it is written is the wire codec's business.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

/// What went wrong in the server: oslo.messaging's `RemoteError`, with everything the server sent.
///
/// A server returns one from a handler to raise a class of its choice in Python clients; a client
/// finds one in [`Error::Remote`](crate::Error::Remote).
///
/// ```
/// use rpc_runtime::RemoteError;
///
/// let error = RemoteError::new("HostNotFound", "no host db-1")
///     .module("inventory.exceptions")
///     .kwarg("host", "db-1");
/// assert_eq!(error.to_string(), "HostNotFound: no host db-1");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RemoteError {
    /// The exception's class, `exc_type` in Python.
    pub class: String,
    /// The module that the class lives in. A Python client raises the class itself only when the
    /// module is on its `allowed_remote_exmods`.
    pub module: String,
    /// The exception's text, `value` in Python.
    pub message: String,
    /// The traceback, a line or several an entry.
    #[serde(rename = "tb")]
    pub traceback: Vec<String>,
    /// The exception's positional arguments: a Python client rebuilds the class from them.
    pub args: Vec<Value>,
    /// The exception's keyword arguments.
    pub kwargs: Map<String, Value>,
}

impl RemoteError {
    /// A failure of class `class`, with its message as its only positional argument.
    #[must_use]
    pub fn new(class: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            class: class.into(),
            module: String::new(),
            args: vec![Value::from(message.as_str())],
            message,
            traceback: Vec::new(),
            kwargs: Map::new(),
        }
    }

    /// Names the module of the class.
    #[must_use]
    pub fn module(mut self, module: impl Into<String>) -> Self {
        self.module = module.into();
        self
    }

    /// Replaces the positional arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        self.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a keyword argument.
    #[must_use]
    pub fn kwarg(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.kwargs.insert(name.into(), value.into());
        self
    }

    /// Replaces the traceback.
    #[must_use]
    pub fn traceback(mut self, lines: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.traceback = lines.into_iter().map(Into::into).collect();
        self
    }

    /// Whether this is the class `class` of the module `module`.
    #[must_use]
    pub fn is(&self, module: &str, class: &str) -> bool {
        self.module == module && self.class == class
    }

    /// The failure that Python raises for arguments that a function does not take.
    pub(crate) fn type_error(message: impl Into<String>) -> Self {
        Self::new("TypeError", message).module("builtins")
    }

    /// The failure that Python raises for an argument of a wrong value.
    pub(crate) fn value_error(message: impl Into<String>) -> Self {
        Self::new("ValueError", message).module("builtins")
    }
}

/// Class and message, on one line; the traceback is in [`RemoteError::traceback`].
impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.message)
    }
}

impl std::error::Error for RemoteError {}

/// Turns a handler's error into what crosses the wire.
///
/// The error type of each method of an `#[rpc_client]` trait implements it:
///
/// ```
/// use rpc_runtime::{Error, IntoRemoteError, RemoteError};
///
/// enum InventoryError {
///     NotFound(String),
///     Rpc(Error),
/// }
///
/// // for the client
/// impl From<Error> for InventoryError {
///     fn from(error: Error) -> Self {
///         match error.remote() {
///             Some(remote) if remote.is("inventory.exceptions", "HostNotFound") => {
///                 Self::NotFound(remote.message.clone())
///             }
///             _ => Self::Rpc(error),
///         }
///     }
/// }
///
/// // for the server
/// impl IntoRemoteError for InventoryError {
///     fn into_remote_error(self) -> RemoteError {
///         match self {
///             Self::NotFound(message) => {
///                 RemoteError::new("HostNotFound", message).module("inventory.exceptions")
///             }
///             Self::Rpc(error) => error.into_remote_error(),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross the wire as a method's error",
    label = "no `IntoRemoteError` for `{Self}`",
    note = "implement `rpc_runtime::IntoRemoteError` for it, or return `rpc_runtime::Result`"
)]
pub trait IntoRemoteError {
    /// The failure to send.
    fn into_remote_error(self) -> RemoteError;
}

impl IntoRemoteError for RemoteError {
    fn into_remote_error(self) -> RemoteError {
        self
    }
}
