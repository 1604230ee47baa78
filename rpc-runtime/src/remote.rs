//! [`RemoteError`]: an error as it crosses the wire, with a Python exception's class, module, message and
//! traceback.
//!
//! Plain data. Its `Serialize` implementation is the layout on the wire, so the names of the fields must not change.
//! [`wire`](crate::wire) decodes it.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::excerpt::excerpt;

/// An error that a server sends to a client: oslo.messaging's `RemoteError`, with everything that the server
/// sent.
///
/// A handler returns one to raise a class of its choice in Python clients. A client receives one in
/// [`Error::Remote`](crate::Error::Remote).
///
/// ```
/// use rpc_runtime::RemoteError;
///
/// let error = RemoteError::new("HostNotFound", "no host db-1")
///     .module("inventory.exceptions")
///     .kwarg("host", "db-1");
/// assert_eq!(error.to_string(), "HostNotFound: no host db-1");
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RemoteError {
    /// The name of the exception's class, `exc_type` in Python.
    pub class: String,
    /// The module of the class. A Python client raises the class itself only if its `allowed_remote_exmods`
    /// contains the module.
    pub module: String,
    /// The exception's text, `value` in Python.
    pub message: String,
    /// The traceback. Each entry is one or more lines.
    #[serde(rename = "tb")]
    pub traceback: Vec<String>,
    /// The exception's positional arguments. A Python client rebuilds the exception from them.
    pub args: Vec<Value>,
    /// The exception's keyword arguments.
    pub kwargs: Map<String, Value>,
    #[serde(skip)]
    circumstances: Option<Box<Circumstances>>,
}

/// The parts of a remote error that do not cross the wire. They are boxed because most errors have none, and
/// errors are moved often.
#[derive(Debug, Clone, Default)]
struct Circumstances {
    origin: Origin,
    /// The method that the client called.
    method: Option<Box<str>>,
}

/// Where the error came from. It decides the level at which the server logs the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Origin {
    /// The handler failed.
    #[default]
    Handler,
    /// The handler returned an error that is part of its interface.
    Expected,
    /// The request was wrong. The error's text may quote parts of the request.
    Request,
}

impl RemoteError {
    /// An error of the class `class`. The message becomes its only positional argument.
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
            circumstances: None,
        }
    }

    /// Sets the module of the class.
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

    /// Marks an error that callers must expect. The server logs an expected error at `debug`, and any other error of a
    /// handler at `error`, as oslo.messaging does with `expected_exceptions`. It logs an error of the request itself,
    /// such as a wrong argument, at `warn`.
    #[must_use]
    pub fn expected(mut self) -> Self {
        self.circumstances.get_or_insert_default().origin = Origin::Expected;
        self
    }

    /// The method that the client called, if it is known.
    pub(crate) fn called(&self) -> Option<&str> {
        self.circumstances.as_ref()?.method.as_deref()
    }

    /// Records the method that the client called, unless one is recorded already.
    pub(crate) fn set_called(&mut self, method: &str) {
        let circumstances = self.circumstances.get_or_insert_default();
        circumstances.method.get_or_insert_with(|| method.into());
    }

    pub(crate) fn origin(&self) -> Origin {
        let circumstances = self.circumstances.as_ref();
        circumstances.map_or(Origin::Handler, |known| known.origin)
    }

    /// Marks the error as one of the request, and shortens its message, which may quote the request.
    pub(crate) fn refusal(mut self) -> Self {
        self.message = excerpt(self.message).into_owned();
        self.args = vec![Value::from(self.message.as_str())];
        self.circumstances.get_or_insert_default().origin = Origin::Request;
        self
    }

    /// Whether this is the class `class` of the module `module`.
    #[must_use]
    pub fn is(&self, module: &str, class: &str) -> bool {
        self.module == module && self.class == class
    }

    /// Python's `TypeError`, for arguments that the method does not take.
    pub(crate) fn type_error(message: impl Into<String>) -> Self {
        Self::new("TypeError", message).module("builtins").refusal()
    }

    /// Python's `ValueError`, for an argument with a wrong value.
    pub(crate) fn value_error(message: impl Into<String>) -> Self {
        Self::new("ValueError", message)
            .module("builtins")
            .refusal()
    }
}

/// Compares only the fields that cross the wire.
impl PartialEq for RemoteError {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            class,
            module,
            message,
            traceback,
            args,
            kwargs,
            circumstances: _,
        } = self;
        (class, module, message, traceback, args, kwargs)
            == (
                &other.class,
                &other.module,
                &other.message,
                &other.traceback,
                &other.args,
                &other.kwargs,
            )
    }
}

/// The class and the message. The traceback is in [`RemoteError::traceback`].
impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.message)
    }
}

impl std::error::Error for RemoteError {}

/// Converts a handler's error into the error that crosses the wire.
///
/// The error type of each method of an `#[rpc_client]` trait implements this trait for the server, and
/// `From<Error>` for the client. The derive macro implements both for an enum:
///
/// ```
/// use rpc_runtime::{Error, IntoRemoteError};
///
/// #[derive(Debug, IntoRemoteError)]
/// #[rpc(module = "inventory.exceptions")]
/// enum InventoryError {
///     /// The class `HostNotFound`. Named fields are the exception's keyword arguments.
///     #[rpc(message = "no host {host}")]
///     HostNotFound { host: String },
///     /// Fields without names are the exception's positional arguments.
///     #[rpc(class = "RackFullError", message = "rack {0} is full")]
///     RackFull(u32),
///     /// All other errors: other classes, timeouts, and so on.
///     #[rpc(other)]
///     Other(Error),
/// }
///
/// let raised = InventoryError::HostNotFound { host: "db-1".into() }.into_remote_error();
/// assert_eq!(raised.to_string(), "HostNotFound: no host db-1");
/// assert_eq!(raised.kwargs["host"], "db-1");
/// match InventoryError::from(Error::from(raised)) {
///     InventoryError::HostNotFound { host } => assert_eq!(host, "db-1"),
///     other => panic!("{other:?}"),
/// }
/// ```
///
/// - On the enum: `module`, the module of all classes; `crate`, the path of this crate.
/// - On a variant:
///   - `class`: the class's name. Defaults to the variant's name.
///   - `module`: the class's module. Defaults to the enum's.
///   - `message`: a format string over the fields. Defaults to the field marked `message`, or else to
///     the enum's `Display`.
///   - `other`: the variant holds every error that no other variant takes.
///   - `refused = "argument"`: the variant holds errors of the version cap about that argument.
///   - `refused`: the variant holds all errors of the version cap.
///
///   The variants marked `other` and `refused` hold an [`Error`](crate::Error).
/// - On a field: `name`, its keyword; `arg`, its index among the positional arguments; `message`, if the
///   field is the message itself.
///
/// An error whose fields cannot be decoded becomes the variant marked `other`. A Python client rebuilds the
/// exception as `Class(*args, **kwargs)`. If no field is positional, `args` is the message alone. Declared
/// errors are [expected](RemoteError::expected).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross the wire as a method's error",
    label = "no `IntoRemoteError` for `{Self}`",
    note = "derive `rpc_runtime::IntoRemoteError` on an enum, or implement it, or return `rpc_runtime::Result`"
)]
pub trait IntoRemoteError {
    /// The error to send.
    fn into_remote_error(self) -> RemoteError;
}

impl IntoRemoteError for RemoteError {
    fn into_remote_error(self) -> RemoteError {
        self
    }
}
