//! Client middleware: a chain around each call and cast, with the transport at its end.
//!
//! The client owns the chain. Each request runs through it once. Each further [`Next::run`] of a middleware
//! repeats the rest of the chain. A client without middleware does not use this module.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

use super::outgoing_request::{OutgoingRequest, Response, Terms};
use crate::interface::Method;
use crate::metrics::{self, SentMessage};
use crate::span::Operation;
use crate::transport::{Driver, Transport};
use crate::{Error, Result};

/// A hook around each call and cast of a client. It sees each request and its response. It may refuse, delay
/// or repeat a request, or return a response of its own.
///
/// A function is a middleware, too: any `async fn(OutgoingRequest, Next) -> Result<Response>`, or a closure
/// of that form. Pass it to [`ClientBuilder::middleware`](super::ClientBuilder::middleware). The guide's page
/// [middleware](crate::guide::middleware) has examples. Implementations of the trait carry the attribute
/// [`async_trait`](https://docs.rs/async-trait).
///
/// Middleware runs between the client's [`Serializer`](crate::Serializer) and the transport. It does not see
/// errors that occur before there is a message, such as a refusal by the version cap. It does not see whether
/// the result can be decoded as the caller's type.
///
/// It runs within the span of the call. Its future is dropped when the caller drops the call.
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a client middleware",
    label = "not a `client::Middleware`",
    note = "a function must be `async fn(OutgoingRequest, Next) -> rpc_runtime::Result<Response>`, \
            and its future must be `Send`; `OutgoingRequest`, `Next` and `Response` are the types of `rpc_runtime::client`",
    note = "a closure must name the types of its parameters"
)]
pub trait Middleware: Send + Sync + 'static {
    /// Handles one call or cast. A typical implementation awaits `next.run(request)` and acts before and
    /// after it.
    ///
    /// # Errors
    ///
    /// The error that the caller receives. Return an error of [`Next::run`] unchanged, so that the caller can
    /// match on it.
    async fn handle(&self, request: OutgoingRequest, next: Next) -> Result<Response>;
}

#[async_trait]
impl<F, R> Middleware for F
where
    F: Fn(OutgoingRequest, Next) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Response>> + Send,
{
    async fn handle(&self, request: OutgoingRequest, next: Next) -> Result<Response> {
        self(request, next).await
    }
}

/// The rest of the chain: the inner middlewares, and then the transport.
#[derive(Clone)]
pub struct Next {
    chain: Chain,
    at: usize,
    transport: Transport,
}

impl Next {
    /// Runs the rest of the chain.
    ///
    /// It may be called more than once, with the same request (clone it before) or a different one. Each run
    /// sends a new message, and a call's [timeout](OutgoingRequest::timeout) starts again. Before you repeat
    /// a request after an error, check [`Error::may_have_run`]. If it is false, the method has not run. If it
    /// is true, repeat only a method that may run twice.
    ///
    /// Dropping the future cancels the call on the client. The server may still run the method.
    ///
    /// # Errors
    ///
    /// Any error of a call or cast, including an error that the server raised ([`Error::Remote`]).
    pub async fn run(&self, request: OutgoingRequest) -> Result<Response> {
        let Some(middleware) = self.chain.get(self.at) else {
            return transmit(&self.transport, request).await;
        };
        let next = Self {
            at: self.at + 1,
            ..self.clone()
        };
        middleware.handle(request, next).await
    }
}

impl std::fmt::Debug for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let left = self.chain.len().saturating_sub(self.at);
        f.debug_struct("Next")
            .field("middlewares", &left)
            .finish_non_exhaustive()
    }
}

/// The middlewares of a client, outermost first.
pub(super) type Chain = Arc<[Arc<dyn Middleware>]>;

/// Runs a request through the whole chain.
pub(super) async fn run(
    chain: &Chain,
    transport: &Transport,
    request: OutgoingRequest,
) -> Result<Response> {
    let next = Next {
        chain: chain.clone(),
        at: 0,
        transport: transport.clone(),
    };
    next.run(request).await
}

async fn transmit(transport: &Transport, request: OutgoingRequest) -> Result<Response> {
    let driver = transport.driver();
    let method = request.method();
    let name = method.map_or_else(
        || request.name().into_owned(),
        |method| method.name().to_owned(),
    );
    let result = hand_over(driver, method, request).await;
    result.map_err(|error| error.of_method(&name))
}

async fn hand_over(
    driver: &dyn Driver,
    method: Option<&'static Method>,
    request: OutgoingRequest,
) -> Result<Response> {
    match request.into_parts() {
        (target, body, Terms::Call(mut terms)) => {
            terms.begin(Instant::now());
            let counted = SentMessage::new(Operation::Call, method, &target, &body);
            let replied = metrics::sent(counted, driver.call(&target, body, &terms));
            let reply = replied.await?;
            if reply.size() > terms.max_reply_size {
                let (size, limit) = (reply.size(), terms.max_reply_size);
                return Err(Error::new_too_large(&target, size, limit));
            }
            Response::of(reply)
        }
        (target, body, Terms::Cast(terms)) => {
            let counted = SentMessage::new(Operation::Cast, method, &target, &body);
            metrics::sent(counted, driver.send(&target, body, &terms)).await?;
            Ok(Response::sent())
        }
    }
}
