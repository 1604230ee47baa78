//! Handles one request: parses, dispatches and replies.
//!
//! No input from a peer and no failure of a handler may stop the server. Each becomes an error for the
//! caller, if there is a caller, and a log line. All requests of a server share one [`Service`].

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::dispatch::Dispatcher;
use super::duplicates::Duplicates;
use super::extensions;
use super::heartbeats::Heartbeats;
use super::incoming_request::{IncomingRequest, Response};
use super::invocation::{Invocation, Outcome};
use super::middleware::{Chain, Handler, Next};
use super::panics::caught;
use super::reply::send;
use crate::excerpt::excerpt;
use crate::future::BoxFuture;
use crate::metrics::{self, Dropped, Handling};
use crate::remote::Origin;
use crate::serializer::Serializer;
use crate::span;
use crate::sync::Mutex;
use crate::transport::{Incoming, Responder};
use crate::wire::{self, Malformed, Named, Request, Unopened};
use crate::{RemoteError, Target};

/// The state that all requests of one server share.
pub(super) struct Service {
    /// The value of `messaging.system` in spans.
    pub(super) system: &'static str,
    pub(super) target: Target,
    pub(super) dispatcher: Dispatcher,
    pub(super) middleware: Option<Chain>,
    pub(super) serializer: Option<Box<dyn Serializer>>,
    /// The largest request that is read, in bytes.
    pub(super) max_request_size: usize,
    pub(super) duplicates: Mutex<Duplicates>,
}

impl Service {
    /// Handles a request from its bytes to its reply.
    pub(super) async fn serve(self: &Arc<Self>, incoming: Incoming) {
        let Incoming {
            body,
            size,
            responder,
        } = incoming;
        metrics::received(&self.target.topic, size);
        if size > self.max_request_size {
            return self.drop_large(&body, size, responder).await;
        }
        let text = match wire::open(body) {
            Ok(text) => text,
            Err(Unopened { error, body }) => {
                return self.drop_malformed(&body, &error, responder).await;
            }
        };
        // With middleware, the `IncomingRequest` owns the text, because a middleware may keep it after this
        // function returns.
        let (owned, text) = match &self.middleware {
            None => (None, text),
            Some(_) => self.owned_request(text),
        };
        let text = owned.as_ref().map_or(&*text, IncomingRequest::text);
        let mut request = match Request::parse(text) {
            Ok(request) => request,
            Err(error) => {
                return self
                    .drop_malformed(text.as_bytes(), &error, responder)
                    .await;
            }
        };
        if let Some(unique_id) = request.unique_id()
            && !self.is_new(unique_id)
        {
            let named = Named::of(&request);
            tracing::debug!(
                server = %self.target, method = named.method(), request_id = named.request_id(),
                message_id = named.message_id(), unique_id = named.unique_id(),
                "a duplicate was dropped"
            );
            self.count_dropped(Dropped::Duplicate);
            return;
        }
        request.name_reply_to();
        let describe = || self.dispatcher.describe(&request);
        let topic = &self.target.topic;
        let handling = Handling::begin(topic, request.namespace(), describe);
        let span = span::receive(self.system, &request);
        let handled = self.handle(&request, owned.as_ref(), responder, &span, handling);
        handled.instrument(span.clone()).await;
    }

    /// Runs a request and sends its reply.
    async fn handle(
        self: &Arc<Self>,
        request: &Request<'_>,
        owned: Option<&IncomingRequest>,
        responder: Arc<dyn Responder>,
        span: &Span,
        handling: Handling,
    ) {
        let outcome = match self.middleware.as_ref().zip(owned) {
            None => self.run(request, &responder).await,
            // Boxed, so that the task of a request without middleware stays small.
            Some((chain, owned)) => {
                Box::pin(self.run_within(chain, owned, request, &responder)).await
            }
        };
        span::handled(span, &outcome);
        handling.done(&outcome);
        if let Err(error) = &outcome {
            self.log(request, error);
        }
        let Some(to) = request.reply_to() else { return };
        let reply = match outcome {
            Ok(None) => return,
            Ok(Some(reply)) => reply,
            Err(error) => wire::failure(to, &self.traced(error, request.method())),
        };
        send(&self.target.topic, responder, to, reply).await;
    }

    fn count_dropped(&self, why: Dropped) {
        metrics::request_dropped(&self.target.topic, why);
    }

    /// Drops a request without running it. The request may be lost, so the log line has the ids that the
    /// caller's log has.
    pub(super) fn drop_not_run(&self, body: &[u8], why: &str) {
        self.count_dropped(Dropped::NotRun);
        let server = &self.target;
        let named = Named::in_body(&Bytes::copy_from_slice(body));
        tracing::warn!(
            %server, method = named.method(), request_id = named.request_id(),
            message_id = named.message_id(), unique_id = named.unique_id(), %why,
            "a request was not run"
        );
    }

    fn is_new(&self, unique_id: &str) -> bool {
        self.duplicates.lock().insert(unique_id, Instant::now())
    }

    /// Runs the method. Meanwhile, heartbeats go to a caller that monitors the call.
    async fn run(&self, request: &Request<'_>, responder: &Arc<dyn Responder>) -> Outcome {
        let (endpoint, method) = self.dispatcher.find(request)?;
        let invocation = Invocation::new(request, self.serializer.as_deref(), &self.target, method);
        let _alive = Heartbeats::of(request, responder);
        caught(Box::pin(
            async move { endpoint.dispatch(&invocation).await },
        ))
        .await
    }

    /// The request in `text` as middleware sees it. Returns the text if it cannot be parsed.
    fn owned_request(&self, text: String) -> (Option<IncomingRequest>, String) {
        let describe = |request: &Request<'_>| self.dispatcher.describe(request);
        match IncomingRequest::new(text, describe, &self.target) {
            Ok(owned) => (Some(owned), String::new()),
            Err(text) => (None, text),
        }
    }

    /// Runs the middlewares and the method. Heartbeats cover both.
    async fn run_within(
        self: &Arc<Self>,
        chain: &Chain,
        owned: &IncomingRequest,
        request: &Request<'_>,
        responder: &Arc<dyn Responder>,
    ) -> Outcome {
        let _alive = Heartbeats::of(request, responder);
        let next = Next::new(chain, self.clone());
        let handled = next.run(owned.clone());
        caught(Box::pin(async move {
            handled.await?.into_outcome(request.reply_to())
        }))
        .await
    }

    /// Logs a failed request. An error of the request is logged without its text, which may quote arguments.
    fn log(&self, request: &Request<'_>, error: &RemoteError) {
        let (server, class) = (&self.target, &error.class);
        let named = Named::of(request);
        let (method, message_id) = (named.method(), named.message_id());
        let request_id = named.request_id();
        match error.origin() {
            Origin::Request => {
                tracing::warn!(%server, method, request_id, message_id, class, "a request was refused");
            }
            Origin::Expected => {
                tracing::debug!(%server, method, request_id, message_id, %error, "a request failed");
            }
            Origin::Handler => {
                tracing::error!(%server, method, request_id, message_id, %error, "a request failed");
            }
        }
    }

    /// Drops a message that cannot be parsed. If it contains a reply address, the caller gets an error.
    async fn drop_malformed(&self, body: &[u8], error: &Malformed, responder: Arc<dyn Responder>) {
        let to = wire::reply_address(body);
        let message_id = to.as_ref().map(|to| excerpt(&to.message_id));
        tracing::warn!(
            server = %self.target, message_id = message_id.as_deref(), %error, bytes = body.len(),
            "a malformed request was dropped"
        );
        self.count_dropped(Dropped::Malformed);
        if let Some(to) = to {
            let error = RemoteError::value_error(format!("malformed request: {error}"));
            let reply = wire::failure(&to, &error);
            send(&self.target.topic, responder, &to, reply).await;
        }
    }

    /// Drops a request that is too large. `body` may be only the end of the message, which contains the reply
    /// address.
    async fn drop_large(&self, body: &[u8], bytes: usize, responder: Arc<dyn Responder>) {
        let most = self.max_request_size;
        let to = wire::reply_address_at_end(body);
        let message_id = to.as_ref().map(|to| excerpt(&to.message_id));
        tracing::warn!(
            server = %self.target, message_id = message_id.as_deref(), bytes, most,
            "a request was dropped: it is too large"
        );
        self.count_dropped(Dropped::TooLarge);
        if let Some(to) = to {
            let error = RemoteError::value_error(format!(
                "the request has {bytes} bytes, and the server reads {most} at most"
            ));
            let reply = wire::failure(&to, &error);
            send(&self.target.topic, responder, &to, reply).await;
        }
    }

    /// Adds a traceback to an error without one. It says where the error was raised, as a traceback in Python
    /// does.
    fn traced(&self, error: RemoteError, method: &str) -> RemoteError {
        if !error.traceback.is_empty() {
            return error;
        }
        let place = format!("  in {} of {}\n", excerpt(method), self.target);
        let last = format!("{error}\n");
        error.traceback([place, last])
    }
}

/// The end of a chain of middlewares. A panic of the handler is converted to an error here, so that
/// middlewares see it.
impl Handler for Service {
    fn run_handler(
        self: Arc<Self>,
        owned: IncomingRequest,
    ) -> BoxFuture<'static, crate::Result<Response, RemoteError>> {
        Box::pin(async move {
            // The text was parsed before, so this does not fail.
            let request = Request::parse(owned.text())
                .map_err(|error| RemoteError::value_error(format!("malformed request: {error}")))?;
            let (endpoint, method) = self.dispatcher.find(&request)?;
            let serializer = self.serializer.as_deref();
            let invocation = Invocation::new(&request, serializer, &self.target, method);
            // The endpoint decodes the arguments before it returns its future, and may panic there, too.
            let handler = async { endpoint.dispatch(&invocation).await };
            let handler = extensions::within(owned.shared_extensions(), handler);
            let reply = caught(Box::pin(handler)).await?;
            Ok(Response::of(reply, &owned))
        })
    }
}
