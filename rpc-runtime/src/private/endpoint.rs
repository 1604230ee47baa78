//! Types that the expansion of an endpoint uses: one handler for each method, and the state that all
//! endpoints have.
//!
//! An expansion only decodes arguments and calls the service. This module selects the handler and encodes the reply.
//! The server sends it.

use std::fmt;
use std::future::ready;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::values::FromName;
use crate::future::BoxFuture;
use crate::interface::Interface;
use crate::server::{Invocation, Outcome, RawArgument, Scope};
use crate::version::Version;
use crate::{IntoRemoteError, RemoteError, Result};

/// The handler of one method: decodes the arguments, calls the service and encodes the result.
pub type Handler<S> = for<'x> fn(Incoming<'x, S>) -> Running<'x>;

/// A request, and the service that handles it.
pub struct Incoming<'a, S> {
    pub to: &'a S,
    request: &'a Invocation<'a>,
}

impl<'a, S> Incoming<'a, S> {
    /// Decodes the request's context and finds its arguments, which stay raw JSON. The context lives as long
    /// as the request.
    pub fn read<C: DeserializeOwned + Send + Sync + 'static, const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Result<(&'a C, [RawArgument<'a>; N]), RemoteError> {
        let arguments = self.request.arguments(names)?;
        Ok((self.keep(self.request.context()?), arguments))
    }

    /// Stores a value that the method borrows. The value lives as long as the request.
    pub fn keep<T: Send + Sync + 'static>(&self, value: T) -> &'a T {
        self.request.keep(value)
    }

    /// Wraps the method's future in one that encodes the reply.
    pub fn answer<R: Returned>(
        &self,
        returned: impl Future<Output = R> + Send + 'a,
    ) -> Running<'a> {
        let request = self.request;
        Ok(Box::pin(async move { returned.await.reply(request) }))
    }

    /// Whether the message is stamped with a version below `version`.
    pub fn is_before(&self, version: Version) -> bool {
        let stamp = self.request.version();
        stamp.is_some_and(|stamp| stamp < version)
    }

    /// The value of an argument that names the server. The client does not send it. It is the name of the server that
    /// runs the endpoint.
    pub fn server_name<T: FromName>(&self) -> T {
        let server = self.request.server();
        T::from_name(server.server.as_deref().unwrap_or_default())
    }

    /// The value of an argument that names the topic. The client does not send it. It is the topic of the server that
    /// runs the endpoint.
    pub fn topic_name<T: FromName>(&self) -> T {
        T::from_name(&self.request.server().topic)
    }
}

/// Omits the service, which need not be `Debug`.
impl<S> fmt::Debug for Incoming<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// The future of a running method, or the error that kept it from starting.
pub type Running<'a> = Result<BoxFuture<'a, Outcome>, RemoteError>;

/// The return type of a method: a `Result` that a server can send. It is a trait of its own, so that the
/// compiler's message can say what to do.
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

/// The state of a generated endpoint: the service, and the scope of requests that it accepts.
pub struct EndpointInner<S> {
    service: S,
    scope: Scope,
}

impl<S> EndpointInner<S> {
    pub fn new(service: S, interface: &'static Interface) -> Self {
        Self {
            service,
            scope: Scope::of(interface),
        }
    }

    pub fn within(mut self, within: impl FnOnce(Scope) -> Scope) -> Self {
        self.scope = within(self.scope);
        self
    }

    pub fn scope(&self) -> Scope {
        self.scope.clone()
    }

    /// Runs the handler of the requested method. `handlers` is in the order of the interface's methods.
    pub fn run<'a>(
        &'a self,
        handlers: &[Handler<S>],
        request: &'a Invocation<'a>,
    ) -> BoxFuture<'a, Outcome> {
        let to = &self.service;
        let running = match request.place().and_then(|place| handlers.get(place)) {
            Some(handler) => handler(Incoming { to, request }),
            None => {
                let method = request.method();
                let message = format!("the endpoint has no handler for `{method}`");
                Err(RemoteError::new("IndexError", message).module("builtins"))
            }
        };
        running.unwrap_or_else(|error| Box::pin(ready(Err(error))))
    }
}

/// Omits the service, which need not be `Debug`.
impl<S> fmt::Debug for EndpointInner<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointInner")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
