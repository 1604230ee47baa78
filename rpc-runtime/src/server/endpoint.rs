//! One implementation of one interface, as a server sees it.

use std::fmt;

use super::invocation::{Invocation, Outcome};
use super::scope::Scope;
use crate::future::BoxFuture;

/// An implementation of an interface, to be put into a server.
///
/// `#[rpc_client]` makes one of each trait; nothing but the trait's methods can be reached through it. An
/// [`UntypedEndpoint`](crate::server::UntypedEndpoint) takes methods that are not known when it is compiled.
pub trait Endpoint: fmt::Debug + Send + Sync + 'static {
    /// Which requests the endpoint takes. A server asks when it starts.
    fn scope(&self) -> Scope;

    /// Runs the method that is asked for: [`Invocation::place`] has its place in the interface.
    fn dispatch<'a>(&'a self, incoming: &'a Invocation<'a>) -> BoxFuture<'a, Outcome>;
}
