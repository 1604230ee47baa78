//! What expansions of `#[rpc_client]` name. Not part of the public interface: it changes with the
//! macro, whose version is pinned.

#![allow(
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "called by expansions alone, which use what they get"
)]

use std::fmt;
use std::future::ready;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use std::convert::{From, Into};
pub use std::default::Default;
pub use std::format;
pub use std::iter::IntoIterator;
pub use std::marker::{Send, Sized, Sync};
pub use std::option::Option;
pub use std::string::{String, ToString};
pub use std::sync::Arc;
pub use std::time::Duration;
pub use std::vec::Vec;

// By these names where the compiler sees them at the user's own types: the prelude has others of its own, and so
// a path to them is a qualification that `unused_qualifications` does not find too long.
pub use std::option::Option as Optional;
pub use std::string::String as OwnedStr;
pub use std::vec::Vec as OwnedSlice;

pub use crate::builder::ClientBuilder;
pub use crate::call::{Call, CallResult, Cast, CastResult, Detached, EncodeRequest};
pub use crate::client::RpcClient;
pub use crate::describe::{Describe, Structure};
pub use crate::endpoint::{BoxFuture, Endpoint, Invocation, Outcome, RawArgument};
pub use crate::interface::{Argument, Below, Interface, Method, Mode, OldName, Role, Timing};
pub use crate::ladder::{TypedArgs as Args, TypedRequest};
pub use crate::lock::Lock;
pub use crate::lock::structures::{NotDescribed, Probe, describe, hold};
pub use crate::maybe::Maybe;
pub use crate::options::CallOptions;
pub use crate::transport::Transport;
pub use crate::version::Version;

pub use crate::{Error, IntoRemoteError, RemoteError, Result};

use crate::Target;

/// Functions that an expansion brings into scope where its parameters are called so.
///
/// A parameter is a pattern: where a constant or a unit struct of its name is in scope, it means that. A
/// function in a nearer scope hides the user's item, and no pattern means a function.
pub mod parameters {
    macro_rules! functions {
        ($($name:ident)*) => {
            $(pub fn $name() {})*
        };
    }

    functions! { f method namespaces options request rpc service topic transport version }
}

/// A call that may be made a cast.
pub type CallOrCast<'a, R, A> = Call<'a, R, A, true>;

/// Stands for the arguments of a method that does not compile.
pub type Nothing = fn(Args<'_>) -> Result<TypedRequest>;

/// A typed client's settings, to begin with.
pub fn builder<C: From<RpcClient>>(
    transport: &Transport,
    interface: &Interface,
) -> ClientBuilder<C> {
    ClientBuilder::of(transport, interface)
}

/// The same, of the servers of a topic.
pub fn builder_with_topic<C: From<RpcClient>>(
    transport: &Transport,
    interface: &Interface,
    topic: impl Into<String>,
) -> ClientBuilder<C> {
    ClientBuilder::of(transport, interface).topic(topic)
}

/// A client with the default settings.
pub fn client(transport: &Transport, target: Target) -> RpcClient {
    RpcClient::new(transport, target)
}

/// The target of an interface that has no topic of its own.
pub fn with_topic(interface: &Interface, topic: impl Into<String>) -> Target {
    Target {
        topic: topic.into(),
        ..interface.target()
    }
}

/// One method of an endpoint: decodes, runs, encodes.
pub type Handler<S> = for<'x> fn(Incoming<'x, S>) -> Running<'x>;

/// A request, and the service that it goes to.
pub struct Incoming<'a, S> {
    pub to: &'a S,
    request: &'a Invocation<'a>,
}

impl<'a, S> Incoming<'a, S> {
    /// The request's context, kept, and its arguments, still raw.
    pub fn read<C: DeserializeOwned + Send + Sync + 'static, const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Result<(&'a C, [RawArgument<'a>; N]), RemoteError> {
        let arguments = self.request.arguments(names)?;
        Ok((self.keep(self.request.context()?), arguments))
    }

    /// Keeps what the method borrows while it runs.
    pub fn keep<T: Send + Sync + 'static>(&self, value: T) -> &'a T {
        self.request.keep(value)
    }

    /// Runs the method to its reply.
    pub fn answer<R: Returned>(
        &self,
        returned: impl Future<Output = R> + Send + 'a,
    ) -> Running<'a> {
        let request = self.request;
        Ok(Box::pin(async move { returned.await.reply(request) }))
    }

    /// Whether the message is older than this version.
    pub fn is_before(&self, version: Version) -> bool {
        let stamp = self.request.version();
        stamp.is_some_and(|stamp| stamp < version)
    }

    /// What an argument that named the server is on the server: its name.
    pub fn server_name<T: FromName>(&self) -> T {
        let server = self.request.server();
        T::from_name(server.server.as_deref().unwrap_or_default())
    }

    /// What an argument that named the topic is on the server: its topic.
    pub fn topic_name<T: FromName>(&self) -> T {
        T::from_name(&self.request.server().topic)
    }
}

/// Shows nothing of the service, which need not be `Debug`.
impl<S> fmt::Debug for Incoming<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// A method that runs, or why it does not.
pub type Running<'a> = Result<BoxFuture<'a, Outcome>, RemoteError>;

/// The name that a raw identifier stands for.
pub fn unraw(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// A version, briefly.
pub const fn v(major: u32, minor: u32, revision: u32) -> Version {
    Version::new(major, minor).with_revision(revision)
}

/// A method that is called, briefly.
pub const fn call(name: &'static str, version: Version) -> Method {
    Method::new(name, Mode::Call, version)
}

/// A method that is cast.
pub const fn cast(name: &'static str, version: Version) -> Method {
    Method::new(name, Mode::Cast, version)
}

/// A method that is cast to all servers.
pub const fn fanout(name: &'static str, version: Version) -> Method {
    Method::new(name, Mode::Fanout, version)
}

/// A method that is called or cast.
pub const fn call_or_cast(name: &'static str, version: Version) -> Method {
    Method::new(name, Mode::CallOrCast, version)
}

/// A name that was in use before a version.
pub const fn before(version: Version, name: &'static str) -> OldName {
    OldName::new(version, name)
}

/// An argument of a method, briefly.
pub const fn arg(name: &'static str, ty: &'static str) -> Argument {
    Argument::new(name, ty)
}

/// An argument that came with a version.
pub const fn since(version: Version, name: &'static str, ty: &'static str) -> Argument {
    Argument::new(name, ty).with_since(version)
}

/// Runs a call to its end.
pub fn called<R: CallResult, A: EncodeRequest, const CASTABLE: bool>(
    call: Call<'_, R, A, CASTABLE>,
) -> Detached<R> {
    call.detached()
}

/// Runs a cast to its end.
pub fn sent<R: CastResult, A: EncodeRequest>(cast: Cast<'_, R, A>) -> Detached<R> {
    cast.detached()
}

/// What a server lends: a value of the type itself, or of the type that owns such values.
pub trait Lent {
    type Owned;

    fn lend(owned: &Self::Owned) -> &Self;
}

impl<T> Lent for T {
    type Owned = T;

    fn lend(owned: &T) -> &T {
        owned
    }
}

macro_rules! lent {
    ($($borrowed:ty => $owned:ty,)*) => {
        $(
            impl Lent for $borrowed {
                type Owned = $owned;

                fn lend(owned: &$owned) -> &$borrowed {
                    owned
                }
            }
        )*
    };
}

lent! {
    std::path::Path => std::path::PathBuf,
    std::ffi::OsStr => std::ffi::OsString,
    std::ffi::CStr => std::ffi::CString,
    serde_json::value::RawValue => Box<serde_json::value::RawValue>,
}

/// The default of a type.
pub fn default<T: HasDefault>() -> T {
    T::of_type()
}

/// What has a default. It is a trait so that the compiler can say what has none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no default of its own",
    label = "this has a `default`, but not `Default`",
    note = "implement `Default`, write `default = …`, or make the argument an `Option`"
)]
pub trait HasDefault {
    fn of_type() -> Self;
}

impl<T: Default> HasDefault for T {
    fn of_type() -> Self {
        T::default()
    }
}

/// Whether an argument is what it is when it is not sent.
pub fn equals<T: Comparable>(value: &T, default: &T) -> bool {
    value.equals(default)
}

/// What can be compared with its default. It is a trait so that the compiler can say what can not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with its default",
    label = "the argument is compared with this, and is not `PartialEq`",
    note = "implement `PartialEq`, or make the argument an `Option`"
)]
pub trait Comparable {
    fn equals(&self, other: &Self) -> bool;
}

impl<T: PartialEq> Comparable for T {
    fn equals(&self, other: &Self) -> bool {
        self == other
    }
}

/// The owned form of an argument that names a topic or a server.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot name a topic or a server",
    label = "not a name",
    note = "use `&str`, `String`, or an `Option` of one"
)]
pub trait FromName {
    fn from_name(name: &str) -> Self;
}

impl FromName for String {
    fn from_name(name: &str) -> Self {
        name.to_owned()
    }
}

impl FromName for Option<String> {
    fn from_name(name: &str) -> Self {
        Some(name.to_owned())
    }
}

/// What a server can send of what a method returned. It is a trait so that the compiler can say it of a
/// return type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` must be a `Result`, as a method can always fail",
    label = "not a `Result`",
    note = "return `rpc_runtime::Result<…>`, or a `Result` whose error is `rpc_runtime::IntoRemoteError`"
)]
pub trait Returned {
    fn reply(self, incoming: &Invocation<'_>) -> Outcome;
}

impl<T: Serialize, E: IntoRemoteError> Returned for std::result::Result<T, E> {
    fn reply(self, incoming: &Invocation<'_>) -> Outcome {
        incoming.reply(self)
    }
}

/// What each endpoint holds.
pub struct Served<S> {
    service: S,
    legacy_namespaces: Vec<Option<String>>,
}

impl<S> Served<S> {
    pub fn new(service: S) -> Self {
        Self {
            service,
            legacy_namespaces: Vec::new(),
        }
    }

    pub fn legacy_namespaces<'n>(
        mut self,
        namespaces: impl IntoIterator<Item = Option<&'n str>>,
    ) -> Self {
        let owned = |namespace: Option<&str>| namespace.map(str::to_owned);
        self.legacy_namespaces
            .extend(namespaces.into_iter().map(owned));
        self
    }

    pub fn namespaces(&self) -> &[Option<String>] {
        &self.legacy_namespaces
    }

    /// Runs the handler at that place.
    pub fn run<'a>(
        &'a self,
        handlers: &[Handler<S>],
        method: usize,
        request: &'a Invocation<'a>,
    ) -> BoxFuture<'a, Outcome> {
        let to = &self.service;
        let running = match handlers.get(method) {
            Some(handler) => handler(Incoming { to, request }),
            None => {
                let message = format!("the interface has no method at place {method}");
                Err(RemoteError::new("IndexError", message).module("builtins"))
            }
        };
        running.unwrap_or_else(|error| Box::pin(ready(Err(error))))
    }
}

/// Shows nothing of the service, which need not be `Debug`.
impl<S> fmt::Debug for Served<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served")
            .field("legacy_namespaces", &self.legacy_namespaces)
            .finish_non_exhaustive()
    }
}

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
