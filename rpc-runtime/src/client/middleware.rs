//! What stands around each call and cast of a client: a chain of middlewares, and the transport at its end.
//!
//! A client without middleware never comes here.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

use super::outgoing_request::{OutgoingRequest, Response, Terms};
use crate::interface::Method;
use crate::metrics::{self, Sending as Counted};
use crate::span::Operation;
use crate::transport::{Driver, Transport};
use crate::{Error, Result};

/// What stands around each call and cast of a client: it sees them go out and come back, and may refuse them, delay
/// them, run them again, or give another response.
///
/// A function is one, too: any `async fn(OutgoingRequest, Next) -> Result<Response>`, or a closure of that form. Give it
/// to [`ClientBuilder::middleware`](super::ClientBuilder::middleware). The guide's page
/// [middleware](crate::guide::middleware) has examples. Implementations carry the attribute
/// [`async_trait`](https://docs.rs/async-trait).
///
/// Middleware stands between the client's [`Serializer`](crate::Serializer) and the transport. What fails before there
/// is a message, such as a version cap's refusal or an argument that cannot be written, it does not see; nor whether
/// the result fits the caller's type.
///
/// It runs within the span of the call. Its future is dropped when the caller drops the call.
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no middleware of a client",
    label = "not a `client::Middleware`",
    note = "a function must be `async fn(OutgoingRequest, Next) -> rpc_runtime::Result<Response>`, \
            its future `Send`, all three types those of `rpc_runtime::client`",
    note = "a closure must name the types of its parameters"
)]
pub trait Middleware: Send + Sync + 'static {
    /// Handles one call or cast: most do something, `next.run(request).await`, and do something more.
    ///
    /// # Errors
    ///
    /// What the caller gets. An error of [`Next::run`] goes on as it is, so that the caller can tell what happened.
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

/// The rest of a call's way: the middlewares further in, and then the transport.
#[derive(Clone)]
pub struct Next {
    chain: Chain,
    at: usize,
    transport: Transport,
}

impl Next {
    /// Runs the rest.
    ///
    /// It may be run any number of times, also with a clone of a request that was run before. Each run sends a message
    /// of its own, and a call's [timeout](OutgoingRequest::timeout) begins anew with each. Whether it is safe to run it
    /// again after a failure, the error says: [`Error::may_have_run`] is false when the method certainly has not run.
    /// When it is true, run only methods again that may run twice.
    ///
    /// Dropping the future gives the call up; the server may run it all the same.
    ///
    /// # Errors
    ///
    /// What a call or cast can end with, the failure that a server raised included ([`Error::Remote`]).
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

/// The middlewares of a client, the outermost first.
pub(super) type Chain = Arc<[Arc<dyn Middleware>]>;

/// Takes a request through the chain, to the transport, and back.
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
    let (method, name) = (request.method(), request.name().into_owned());
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
            let counted = Counted::new(Operation::Call, method, &target, &body);
            let replied = metrics::sent(counted, driver.call(&target, body, &terms));
            let reply = replied.await?;
            if reply.size() > terms.max_reply_size {
                let (size, limit) = (reply.size(), terms.max_reply_size);
                return Err(Error::too_large(&target, size, limit));
            }
            Response::of(reply)
        }
        (target, body, Terms::Cast(terms)) => {
            let counted = Counted::new(Operation::Cast, method, &target, &body);
            metrics::sent(counted, driver.send(&target, body, &terms)).await?;
            Ok(Response::sent())
        }
    }
}
