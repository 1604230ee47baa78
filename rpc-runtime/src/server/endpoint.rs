//! One implementation of one interface, as a server sees it.

use std::fmt;

use super::invocation::{Invocation, Outcome};
use crate::Interface;
use crate::future::BoxFuture;

/// An implementation of an interface, to be put into a server.
///
/// `#[rpc_client]` makes one of each trait; nothing but the trait's methods can be reached through it.
pub trait Endpoint: fmt::Debug + Send + Sync + 'static {
    /// The interface that is implemented.
    fn interface(&self) -> &'static Interface;

    /// The namespaces under which the interface is also served; `None` in it is the absent namespace.
    fn legacy_namespaces(&self) -> &[Option<String>] {
        &[]
    }

    /// Runs the method at that place in [`Interface::methods`].
    fn dispatch<'a>(
        &'a self,
        method: usize,
        incoming: &'a Invocation<'a>,
    ) -> BoxFuture<'a, Outcome>;
}
