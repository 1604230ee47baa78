//! What stands around the handling of each request: a chain of middlewares, and the handler at its end.
//!
//! A server without middleware never comes here.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::incoming_request::{IncomingRequest, Response};
use crate::future::BoxFuture;
use crate::{IntoRemoteError, RemoteError, Result};

/// What stands around the handling of each request of a server: it may refuse it, delay it, measure it, give another
/// response, or put values into its [`Extensions`](super::Extensions) for the handler.
///
/// A function is one, too: any `async fn(IncomingRequest, Next) -> Result<Response, E>` whose error is
/// [`IntoRemoteError`], or a closure of that form. Give it to
/// [`ServerBuilder::middleware`](super::ServerBuilder::middleware). The guide's page
/// [middleware](crate::guide::middleware) has examples. Implementations carry the attribute
/// [`async_trait`](https://docs.rs/async-trait).
///
/// It sees each request that could be read, one for an unknown method included, and duplicates not. It stands between the
/// transport and the server's [`Serializer`](crate::Serializer). It runs within the span of the request, and holds the
/// request's permit (see [`concurrency`](super::ServerBuilder::concurrency)); a caller with a monitor gets signs of
/// life meanwhile. A panic in it is a failure of the request, as one in the handler is.
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no middleware of a server",
    label = "not a `server::Middleware`",
    note = "a function must be `async fn(IncomingRequest, Next) -> Result<Response, RemoteError>`, \
            its future `Send`, the first three types those of `rpc_runtime::server`",
    note = "a closure must name the types of its parameters"
)]
pub trait Middleware: Send + Sync + 'static {
    /// Handles one request: most do something, `next.run(request).await`, and do something more.
    ///
    /// # Errors
    ///
    /// What is raised in the caller, and logged as a handler's failure is: mark a refusal that callers must reckon with
    /// as [`expected`](RemoteError::expected).
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

/// The rest of a request's way: the middlewares further in, and then the handler.
pub struct Next {
    chain: Chain,
    at: usize,
    handler: Arc<dyn Handler>,
}

/// What is at the end of a chain.
pub(super) trait Handler: Send + Sync {
    fn run_handler(
        self: Arc<Self>,
        request: IncomingRequest,
    ) -> BoxFuture<'static, Result<Response, RemoteError>>;
}

/// The middlewares of a server, the outermost first.
pub(super) type Chain = Arc<[Arc<dyn Middleware>]>;

impl Next {
    pub(super) fn new(chain: &Chain, handler: Arc<dyn Handler>) -> Self {
        Self {
            chain: chain.clone(),
            at: 0,
            handler,
        }
    }

    /// Runs the rest. It can be run once: a request runs at most once.
    ///
    /// Dropping the future cuts the handler off where it stands.
    ///
    /// # Errors
    ///
    /// What the handler raises, or why no handler takes the request.
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
