//! Passes the taken requests of one listener to its server, inflated.
//!
//! Compressed bodies are inflated on the compression thread; all others are passed on at once. A request that cannot be
//! passed on drops its permit, so nothing here may be called under a session's lock. A request that cannot be inflated
//! is not run. If its readable part names the caller, the caller gets a failure.
//!
//! An [`ArrivalSender`] owns the sending end of the channel to the [`RabbitListener`](super::listener::RabbitListener).

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendError;

use super::super::amqp::Body;
use super::super::compression::{BodyFormat, Damaged};
use super::super::shared::Shared;
use super::permits::Permit;
use super::responder::RabbitResponder;
use crate::RemoteError;
use crate::excerpt::excerpt;
use crate::metrics::{self, Dropped, Lost};
use crate::transport::{Arrival, Incoming, Responder};
use crate::wire::{Named, failure, reply_address_at_end};

/// A request that was acknowledged, with the permit to run it.
#[derive(Debug)]
pub(super) struct TakenRequest {
    pub(super) body: Body,
    pub(super) format: BodyFormat,
    pub(super) permit: Permit,
}

/// Reports a request that was taken and that no server runs, since its server is gone.
pub(super) fn report_not_run(topic: &str, arrival: &Arrival) {
    let (body, why) = match arrival {
        Arrival::Request(incoming) => (&incoming.body, None),
        Arrival::InDoubt { body, why } => (body, Some(&**why)),
    };
    metrics::request_dropped(topic, Dropped::NotRun);
    let named = Named::in_body(body);
    tracing::warn!(
        method = named.method(),
        request_id = named.request_id(),
        message_id = named.message_id(),
        unique_id = named.unique_id(),
        why,
        "a request was taken and is not run: its server is gone"
    );
}

/// Sends a listener's arrivals to its server.
#[derive(Debug)]
pub(super) struct ArrivalSender {
    shared: Arc<Shared>,
    /// The server's topic, for metrics.
    topic: String,
    arrivals: mpsc::UnboundedSender<Arrival>,
    max_request_size: usize,
}

impl ArrivalSender {
    /// A sender that inflates requests of up to `max_request_size` bytes. Of a larger request it keeps the end only.
    pub(super) fn new(
        shared: Arc<Shared>,
        topic: &str,
        arrivals: mpsc::UnboundedSender<Arrival>,
        max_request_size: usize,
    ) -> Self {
        Self {
            shared,
            topic: topic.to_owned(),
            arrivals,
            max_request_size,
        }
    }

    /// The size of the largest request that is read, in bytes.
    pub(super) fn size_limit(&self) -> usize {
        self.max_request_size
    }

    /// Passes a request on, to be run.
    pub(super) fn send(self: &Arc<Self>, request: TakenRequest) {
        self.with_inflated(request, |sender, body, permit| {
            let responder = RabbitResponder::new(sender.shared.clone(), permit);
            let responder = Arc::new(responder);
            match body {
                Ok(Body::Whole(body)) => {
                    sender.pass_on(Arrival::Request(Incoming::new(body, responder)));
                }
                Ok(Body::End { end, size }) => {
                    let incoming = Incoming::too_large(end, size, responder);
                    sender.pass_on(Arrival::Request(incoming));
                }
                Err(damaged) => sender.refuse(responder, &damaged),
            }
        });
    }

    /// Reports a request that must not run, since the broker may not have its acknowledgement.
    pub(super) fn send_in_doubt(self: &Arc<Self>, request: TakenRequest, why: Arc<str>) {
        self.with_inflated(request, |sender, body, _permit| {
            // The server only logs the request. Of one that is too large or damaged, the log line has no ids.
            let body = match body {
                Ok(Body::Whole(body) | Body::End { end: body, .. }) => body,
                Err(damaged) => damaged.read,
            };
            sender.pass_on(Arrival::InDoubt { body, why });
        });
    }

    /// Calls `then` with the inflated body: at once if the body is not compressed, otherwise through the compression
    /// thread.
    fn with_inflated(
        self: &Arc<Self>,
        request: TakenRequest,
        then: impl FnOnce(&Self, Result<Body, Damaged>, Permit) + Send + 'static,
    ) {
        let TakenRequest {
            body,
            format,
            permit,
        } = request;
        if format == BodyFormat::Plain {
            return then(self, Ok(body), permit);
        }
        let (sender, limit) = (self.clone(), self.size_limit());
        let thread = &self.shared.compression_thread;
        thread.run(body.size(), move || {
            then(&sender, body.inflated(format, limit), permit);
        });
    }

    fn pass_on(&self, arrival: Arrival) {
        if let Err(SendError(arrival)) = self.arrivals.send(arrival) {
            report_not_run(&self.topic, &arrival);
        }
    }

    /// Drops a request that cannot be inflated. If the readable part of the request names its caller, the caller gets a
    /// failure.
    fn refuse(&self, responder: Arc<RabbitResponder>, damaged: &Damaged) {
        metrics::request_dropped(&self.topic, Dropped::Malformed);
        let to = reply_address_at_end(&damaged.read);
        let message_id = to.as_ref().map(|to| excerpt(&to.message_id).into_owned());
        tracing::warn!(message_id, error = %damaged, "a malformed request was dropped");
        let Some(to) = to else {
            return;
        };
        let error = RemoteError::value_error(format!("malformed request: {damaged}"));
        let not_sent = move |error: crate::Error| {
            metrics::replies_dropped(1, Lost::Unsent);
            tracing::warn!(message_id, %error, "a reply was not sent");
        };
        let replied = self.shared.engine.spawn({
            let not_sent = not_sent.clone();
            async move {
                let replied = responder.reply(&to, failure(&to, &error)).await;
                replied.unwrap_or_else(not_sent);
            }
        });
        replied.map_or_else(not_sent, drop);
    }
}
