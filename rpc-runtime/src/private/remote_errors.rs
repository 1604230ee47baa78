//! Functions that the expansion of `#[derive(IntoRemoteError)]` calls, to convert between variants and remote
//! errors.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, RemoteError};

/// Whether the version cap refused a message.
pub fn refused(error: &Error) -> bool {
    matches!(error, Error::VersionCap { .. })
}

/// Whether the version cap refused a message because of this argument.
pub fn refused_for(error: &Error, name: &str) -> bool {
    matches!(error, Error::VersionCap { argument: Some(argument), .. } if argument == name)
}

/// A keyword argument of a remote error. An absent argument reads as null.
pub fn kwarg<T: DeserializeOwned>(remote: &RemoteError, name: &str) -> Option<T> {
    T::deserialize(remote.kwargs.get(name).unwrap_or(&Value::Null)).ok()
}

/// A positional argument of a remote error. An absent argument reads as null.
pub fn positional<T: DeserializeOwned>(remote: &RemoteError, index: usize) -> Option<T> {
    T::deserialize(remote.args.get(index).unwrap_or(&Value::Null)).ok()
}

/// The message of a remote error.
pub fn message<T: From<String>>(remote: &RemoteError) -> Option<T> {
    Some(remote.message.clone().into())
}

/// The message of a variant without `message`: the enum's `Display`.
pub fn shown<E: Shown>(error: &E) -> String {
    error.shown()
}

/// An enum with a `Display`. It is a trait of its own, so that the compiler's message can say what to do.
#[diagnostic::on_unimplemented(
    message = "this variant of `{Self}` must have a text",
    label = "write `#[rpc(message = \"…\")]` on it",
    note = "or implement `Display` for `{Self}`"
)]
pub trait Shown {
    fn shown(&self) -> String;
}

impl<E: fmt::Display> Shown for E {
    fn shown(&self) -> String {
        self.to_string()
    }
}

/// The remote error of a declared variant.
pub fn raised(module: &str, class: &str, message: String) -> RemoteError {
    RemoteError::new(class, message).module(module).expected()
}

/// A field of a variant as JSON. A value that cannot be written as JSON becomes null.
pub fn value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
