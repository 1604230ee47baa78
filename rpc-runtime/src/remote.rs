//! A failure as it crosses the wire: a Python exception's class, module, message and traceback.
//!
//! Plain data. How it is written is the wire codec's business.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::excerpt::excerpt;

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
#[derive(Debug, Clone, Serialize)]
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
    #[serde(skip)]
    circumstances: Option<Box<Circumstances>>,
}

/// What does not cross the wire. Behind a pointer: errors are passed around, and most have none.
#[derive(Debug, Clone, Default)]
struct Circumstances {
    origin: Origin,
    /// The method that a client called.
    method: Option<Box<str>>,
}

/// Who is to blame, for the server's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Origin {
    /// The handler failed.
    #[default]
    Handler,
    /// The handler failed in a way that callers must reckon with.
    Expected,
    /// The request was wrong. The text may quote what it held.
    Request,
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
            circumstances: None,
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

    /// Marks a failure that callers must reckon with: the server logs it at `debug`, and others at
    /// `error`, as oslo.messaging does with `expected_exceptions`.
    #[must_use]
    pub fn expected(mut self) -> Self {
        self.circumstances.get_or_insert_default().origin = Origin::Expected;
        self
    }

    /// The method that a client called, once that is known.
    pub(crate) fn called(&self) -> Option<&str> {
        self.circumstances.as_ref()?.method.as_deref()
    }

    /// The client called that method, unless it is known to have called another.
    pub(crate) fn set_called(&mut self, method: &str) {
        let circumstances = self.circumstances.get_or_insert_default();
        circumstances.method.get_or_insert_with(|| method.into());
    }

    pub(crate) fn origin(&self) -> Origin {
        let circumstances = self.circumstances.as_ref();
        circumstances.map_or(Origin::Handler, |known| known.origin)
    }

    /// Blames the request, and quotes no more of it than people can read.
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

    /// The failure that Python raises for arguments that a function does not take.
    pub(crate) fn type_error(message: impl Into<String>) -> Self {
        Self::new("TypeError", message).module("builtins").refusal()
    }

    /// The failure that Python raises for an argument of a wrong value.
    pub(crate) fn value_error(message: impl Into<String>) -> Self {
        Self::new("ValueError", message)
            .module("builtins")
            .refusal()
    }
}

/// What crosses the wire is compared, and no more.
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

/// Class and message, on one line; the traceback is in [`RemoteError::traceback`].
impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.message)
    }
}

impl std::error::Error for RemoteError {}

/// Turns a handler's error into what crosses the wire.
///
/// The error type of each method of an `#[rpc_client]` trait implements it, and `From<Error>` for the
/// client. Both can be derived for an enum:
///
/// ```
/// use rpc_runtime::{Error, IntoRemoteError};
///
/// #[derive(Debug, IntoRemoteError)]
/// #[rpc(module = "inventory.exceptions")]
/// enum InventoryError {
///     /// Class `HostNotFound`; fields are the exception's keyword arguments.
///     #[rpc(message = "no host {host}")]
///     HostNotFound { host: String },
///     /// Fields without names are its positional arguments.
///     #[rpc(class = "RackFullError", message = "rack {0} is full")]
///     RackFull(u32),
///     /// What is none of these classes, and whatever else can go wrong with a call.
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
/// - On the enum: `module` of all classes; `crate`, the path of this crate.
/// - On a variant: `class` (by default the variant's name), `module`, `message`, a format string over the
///   fields (by default the enum's `Display`); `other` on the one that takes everything else;
///   `refused = "argument"` on one that takes what the version cap refused for the sake of that argument, and
///   `refused` on one that takes all that it refused. These hold an [`Error`](crate::Error).
/// - On a field: `name`, its keyword; `arg`, its place among the positional arguments; `message`, when it
///   is the text itself.
///
/// A class whose fields cannot be read goes to the variant marked `other`. A Python client rebuilds the
/// class as `Class(*args, **kwargs)`, where `args` is the message alone if no field is positional. Declared
/// errors are expected: see [`RemoteError::expected`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross the wire as a method's error",
    label = "no `IntoRemoteError` for `{Self}`",
    note = "derive `rpc_runtime::IntoRemoteError` on an enum, or implement it, or return `rpc_runtime::Result`"
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
