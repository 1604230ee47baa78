//! What the expansion of an endpoint is made of: handlers, and what they run.

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

    /// Runs the handler of the method that is asked for.
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
                let message = format!("the interface has no place for {method}");
                Err(RemoteError::new("IndexError", message).module("builtins"))
            }
        };
        running.unwrap_or_else(|error| Box::pin(ready(Err(error))))
    }
}

/// Shows nothing of the service, which need not be `Debug`.
impl<S> fmt::Debug for EndpointInner<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointInner")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
