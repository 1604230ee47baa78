//! Server middleware: a chain around the handling of each request, with the handler at its end.
//!
//! The server owns the chain, and each request runs through it at most once. A server without middleware does
//! not use this module.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::incoming_request::{IncomingRequest, Response};
use crate::future::BoxFuture;
use crate::{IntoRemoteError, RemoteError, Result};

/// A hook around the handling of each request of a server. It may refuse, delay or measure a request, return
/// a response of its own, or attach values to the request's [`Extensions`](super::Extensions) for the
/// handler.
///
/// A function is a middleware, too: any `async fn(IncomingRequest, Next) -> Result<Response, E>` whose error
/// implements [`IntoRemoteError`], or a closure of that form. Pass it to
/// [`ServerBuilder::middleware`](super::ServerBuilder::middleware). The guide's page
/// [middleware](crate::guide::middleware) has examples. Implementations of the trait carry the attribute
/// [`async_trait`](https://docs.rs/async-trait).
///
/// Middleware sees every request that can be parsed, including requests for unknown methods, but no
/// duplicates. It runs between the transport and the server's [`Serializer`](crate::Serializer), within the
/// span of the request. It holds the request's permit (see
/// [`concurrency`](super::ServerBuilder::concurrency)). While it runs, a caller that monitors the call gets
/// heartbeats. If it panics, the request fails, as it does if the handler panics.
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a server middleware",
    label = "not a `server::Middleware`",
    note = "a function must be `async fn(IncomingRequest, Next) -> Result<Response, RemoteError>`, \
            and its future must be `Send`; `IncomingRequest`, `Next` and `Response` are the types of `rpc_runtime::server`",
    note = "a closure must name the types of its parameters"
)]
pub trait Middleware: Send + Sync + 'static {
    /// Handles one request. A typical implementation awaits `next.run(request)` and acts before and after it.
    ///
    /// # Errors
    ///
    /// The error that is raised in the caller. The server logs it like a handler's error. Mark an error that
    /// callers must expect as [`expected`](RemoteError::expected).
    async fn handle(&self, request: IncomingRequest, next: Next) -> Result<Response, RemoteError>;
}

#[async_trait]
impl<F, R, E> Middleware for F
where
    F: Fn(IncomingRequest, Next) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Response, E>> + Send,
    E: IntoRemoteError,
{
    async fn handle(&self, request: IncomingRequest, next: Next) -> Result<Response, RemoteError> {
        let handled = self(request, next).await;
        handled.map_err(IntoRemoteError::into_remote_error)
    }
}

/// The rest of the chain: the inner middlewares, and then the handler.
pub struct Next {
    chain: Chain,
    at: usize,
    handler: Arc<dyn Handler>,
}

/// The end of a chain.
pub(super) trait Handler: Send + Sync {
    fn run_handler(
        self: Arc<Self>,
        request: IncomingRequest,
    ) -> BoxFuture<'static, Result<Response, RemoteError>>;
}

/// The middlewares of a server, outermost first.
pub(super) type Chain = Arc<[Arc<dyn Middleware>]>;

impl Next {
    pub(super) fn new(chain: &Chain, handler: Arc<dyn Handler>) -> Self {
        Self {
            chain: chain.clone(),
            at: 0,
            handler,
        }
    }

    /// Runs the rest of the chain. It takes `self`, because a request runs at most once.
    ///
    /// Dropping the future cancels the handler at its current await.
    ///
    /// # Errors
    ///
    /// The error that the handler or an inner middleware raises, or the reason why no endpoint accepts the
    /// request.
    pub async fn run(mut self, request: IncomingRequest) -> Result<Response, RemoteError> {
        match self.chain.get(self.at).cloned() {
            Some(middleware) => {
                self.at += 1;
                middleware.handle(request, self).await
            }
            None => self.handler.run_handler(request).await,
        }
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.chain.len().saturating_sub(self.at);
        f.debug_struct("Next")
            .field("middlewares", &left)
            .finish_non_exhaustive()
    }
}
