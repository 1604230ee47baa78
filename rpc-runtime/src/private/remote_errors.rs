//! What the expansion of `#[derive(IntoRemoteError)]` calls: errors of Python as variants, and back.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, RemoteError};

/// Whether the version cap refused a message.
pub fn refused(error: &Error) -> bool {
    matches!(error, Error::VersionCap { .. })
}

/// Whether the version cap refused a message for the sake of this argument.
pub fn refused_for(error: &Error, name: &str) -> bool {
    matches!(error, Error::VersionCap { argument: Some(argument), .. } if argument == name)
}

/// A keyword argument of a remote error; one that is absent reads as null.
pub fn kwarg<T: DeserializeOwned>(remote: &RemoteError, name: &str) -> Option<T> {
    T::deserialize(remote.kwargs.get(name).unwrap_or(&Value::Null)).ok()
}

/// A positional argument of a remote error; one that is absent reads as null.
pub fn positional<T: DeserializeOwned>(remote: &RemoteError, index: usize) -> Option<T> {
    T::deserialize(remote.args.get(index).unwrap_or(&Value::Null)).ok()
}

/// The text of a remote error.
pub fn message<T: From<String>>(remote: &RemoteError) -> Option<T> {
    Some(remote.message.clone().into())
}

/// The text of a declared error that has none of its own.
pub fn shown<E: Shown>(error: &E) -> String {
    error.shown()
}

/// What has a text. It is a trait so that the compiler can say what lacks it.
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

/// A failure that an interface declares.
pub fn raised(module: &str, class: &str, message: String) -> RemoteError {
    RemoteError::new(class, message).module(module).expected()
}

/// A field of a failure; what JSON cannot hold is null.
pub fn value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
