//! Sends encoded requests: the path from a client to its transport, which typed and untyped requests share.
//!
//! It computes the effective settings of each request and runs the middlewares. It keeps no state; the [`RpcClient`]
//! owns the settings.

use std::borrow::Cow;
use std::future::ready;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::outgoing_request::{OutgoingRequest, Response, Terms};
use super::settings::{MethodTimes, Settings};
use super::{RpcClient, middleware};
use crate::future::BoxFuture;
use crate::interface::{Method, Mode};
use crate::metrics::{self, SentMessage};
use crate::span::{self, Operation};
use crate::transport::{CallTerms, DEFAULT_QUEUE_WAIT, SendTerms};
use crate::wire::{Reply, RequestBody};
use crate::{Error, Result, Target, runtime};

impl RpcClient {
    /// The effective target and terms of a call.
    pub(crate) fn plan(
        &self,
        settings: Cow<'_, Settings>,
        own: &MethodTimes,
    ) -> Result<PlannedCall> {
        has_names(&settings.target)?;
        if settings.target.fanout {
            let reason = "a call cannot go to all servers: use a cast, or `fanout(false)`";
            return Err(Error::new_invalid_target(&settings.target, reason));
        }
        let timeout = settings.timeout.or(own.timeout);
        let timeout = timeout.unwrap_or(settings.default_timeout);
        let default_monitor = own.monitor.or(settings.default_monitor);
        let monitor = settings.monitor.unwrap_or(default_monitor);
        // As in oslo.messaging, zero means no monitoring.
        let monitor = monitor.filter(|silence| !silence.is_zero());
        let wait = settings.queue_wait.unwrap_or(timeout);
        let send = terms(&settings, settings.mandatory, wait);
        let mut terms = CallTerms::new(send, timeout, monitor);
        terms.max_reply_size = settings.max_reply_size;
        Ok(PlannedCall {
            method: own.method,
            terms,
            own_target: match settings {
                Cow::Owned(settings) if settings.target != *self.target() => {
                    Some(Box::new(settings.target))
                }
                Cow::Owned(_) | Cow::Borrowed(_) => None,
            },
        })
    }

    /// Sends a call. It is not an `async fn`: the future of an `async fn` would contain two copies of the request.
    pub(crate) fn send_call<'c>(
        &'c self,
        call: &'c mut PlannedCall,
        request: RequestBody,
        span: Option<&Span>,
    ) -> BoxFuture<'c, Result<Reply>> {
        if let Err(error) = runtime::check() {
            return Box::pin(ready(Err(error)));
        }
        let target = call.own_target.as_deref().unwrap_or(self.target());
        if let Some(chain) = &self.inner.hooks.middleware {
            let terms = Terms::Call(call.terms.clone());
            let request = OutgoingRequest::new(call.method, target.clone(), request, terms);
            let sent = request.id_note();
            let replied = middleware::run(chain, &self.inner.transport, request);
            let replied = async move {
                let response = replied.await;
                // The driver records the id on the current span. If a middleware runs in a span of its own, that is
                // not the span of the call, so the id is recorded here.
                if let Some(id) = sent.id() {
                    span::message_id(id);
                }
                response.map(Response::into_reply)
            };
            return within(span, Box::pin(replied));
        }
        call.terms.begin(Instant::now());
        let driver = self.inner.transport.driver();
        let counted = SentMessage::new(Operation::Call, call.method, target, &request);
        let replied = driver.call(target, request, &call.terms);
        let replied = metrics::sent(counted, replied);
        within(span, replied)
    }

    /// Rejects a reply that exceeds the client's limit.
    pub(crate) fn accept(&self, call: &PlannedCall, reply: Result<Reply>) -> Result<Reply> {
        let reply = reply?;
        let limit = call.terms.max_reply_size;
        if reply.size() > limit {
            let target = call.own_target.as_deref().unwrap_or(self.target());
            return Err(Error::new_too_large(target, reply.size(), limit));
        }
        Ok(reply)
    }

    pub(crate) async fn send_cast(
        &self,
        settings: &Settings,
        method: Option<&'static Method>,
        request: RequestBody,
        span: Option<&Span>,
    ) -> Result<()> {
        runtime::check()?;
        has_names(&settings.target)?;
        let mut target = Cow::Borrowed(&settings.target);
        // A method declared `fanout` goes to all servers, unless the caller overrides it.
        let is_fanout = method.is_some_and(|method| method.mode() == Mode::Fanout);
        let fanout = settings.fanout.unwrap_or(is_fanout || target.fanout);
        if fanout && target.server.is_some() {
            let reason = "a fanout goes to all servers: remove `server`, or add `fanout(false)`";
            return Err(Error::new_invalid_target(&target, reason));
        }
        if fanout != target.fanout {
            target.to_mut().fanout = fanout;
        }
        // A fanout may have no receiver.
        let mandatory = settings.mandatory && !fanout;
        let wait = settings.queue_wait.unwrap_or(DEFAULT_QUEUE_WAIT);
        let terms = terms(settings, mandatory, wait);
        if let Some(chain) = &self.inner.hooks.middleware {
            let (target, terms) = (target.into_owned(), Terms::Cast(terms));
            let request = OutgoingRequest::new(method, target, request, terms);
            // Boxed, so that the future of a cast without middleware stays small.
            let sent = Box::pin(middleware::run(chain, &self.inner.transport, request));
            return within(span, sent).await.map(drop);
        }
        let driver = self.inner.transport.driver();
        let counted = SentMessage::new(Operation::Cast, method, &target, &request);
        let sent = metrics::sent(counted, driver.send(&target, request, &terms));
        within(span, sent).await
    }
}

/// Runs the future within the span of its call or cast, if there is one.
fn within<'f, T: 'f>(span: Option<&Span>, future: BoxFuture<'f, T>) -> BoxFuture<'f, T> {
    match span {
        Some(span) => Box::pin(future.instrument(span.clone())),
        None => future,
    }
}

fn terms(settings: &Settings, mandatory: bool, queue_wait: Duration) -> SendTerms {
    let mut terms = SendTerms::new(settings.retry, mandatory);
    terms.queue_wait = queue_wait;
    terms.resend = settings.resend;
    terms
}

/// Rejects an empty topic or server. Queues are named after both, so no queue exists for an empty name.
fn has_names(target: &Target) -> Result<()> {
    if target.topic.is_empty() {
        let reason = "it has no topic: give the client one";
        return Err(Error::new_invalid_target(target, reason));
    }
    if target.server.as_deref() == Some("") {
        let reason = "the server's name is empty: name one, or leave it out for any server";
        return Err(Error::new_invalid_target(target, reason));
    }
    Ok(())
}

/// Everything about a call except its request. Many calls may be in flight, so it stores the target only if the target
/// differs from the client's.
#[derive(Debug)]
pub(crate) struct PlannedCall {
    method: Option<&'static Method>,
    own_target: Option<Box<Target>>,
    terms: CallTerms,
}
