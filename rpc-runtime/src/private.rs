//! What expansions of `#[rpc_client]` name. Not part of the public interface: it changes with the
//! macro, whose version is pinned.

use std::fmt;

pub use std::convert::{From, Into};
pub use std::iter::IntoIterator;
pub use std::marker::{Send, Sized, Sync};
pub use std::option::Option;
pub use std::string::String;
pub use std::time::Duration;
pub use std::vec::Vec;

pub use crate::call::{Call, Cast, EncodeRequest};
pub use crate::client::{Args, ClientBuilder, RpcClient};
pub use crate::endpoint::{BoxFuture, Endpoint, Invocation, Outcome};
pub use crate::interface::{Argument, Interface, Method, Mode};
pub use crate::options::CallOptions;
pub use crate::transport::Transport;
pub use crate::version::Version;

use crate::wire::RequestBody;
use crate::{RemoteError, Target};

pub use crate::Result;

/// Stands for the arguments of a method that does not compile.
pub type Nothing = fn(Args<'_>) -> Result<RequestBody>;

/// A typed client's settings, to begin with.
pub fn builder<C: From<RpcClient>>(
    transport: &Transport,
    interface: &Interface,
) -> ClientBuilder<C> {
    ClientBuilder::of(transport, interface)
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
pub type Handler<'a, S> = fn(&'a S, &'a Invocation<'a>) -> BoxFuture<'a, Outcome>;

/// A future on the heap.
pub fn boxed<'a>(future: impl Future<Output = Outcome> + Send + 'a) -> BoxFuture<'a, Outcome> {
    Box::pin(future)
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

    #[must_use]
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
        handlers: &[Handler<'a, S>],
        method: usize,
        incoming: &'a Invocation<'a>,
    ) -> BoxFuture<'a, Outcome> {
        match handlers.get(method) {
            Some(handler) => handler(&self.service, incoming),
            None => {
                let message = format!("the interface has no method at place {method}");
                boxed(async { Err(RemoteError::new("IndexError", message).module("builtins")) })
            }
        }
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
