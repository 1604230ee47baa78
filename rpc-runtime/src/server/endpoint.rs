//! [`Endpoint`]: the interface between a server and an implementation of methods.

use std::fmt;

use super::invocation::{Invocation, Outcome};
use super::scope::Scope;
use crate::future::BoxFuture;

/// An implementation of an interface that a server runs.
///
/// `#[rpc_client]` generates one for each trait. It exposes only the trait's methods. An
/// [`UntypedEndpoint`](crate::server::UntypedEndpoint) accepts methods that are unknown at compile time.
pub trait Endpoint: fmt::Debug + Send + Sync + 'static {
    /// The requests that the endpoint accepts. A server calls this once, when it starts.
    fn scope(&self) -> Scope;

    /// Runs the requested method. [`Invocation::place`] is its index in the interface.
    ///
    /// # Errors
    ///
    /// The error to raise in the caller.
    fn dispatch<'a>(&'a self, invocation: &'a Invocation<'a>) -> BoxFuture<'a, Outcome>;
}
