//! Spans around calls, casts and handled requests: their names and fields, and what of them goes over the wire.
//!
//! Fields are named by OpenTelemetry's conventions for messaging and RPC, with the values of oslo.messaging's own
//! tracing, so that a trace reads the same whichever end wrote a span. No field holds an argument, or the text of an
//! error, which may quote one.
//!
//! Where nobody subscribes to spans, nothing in here does more than find that out.

mod propagation;

use tracing::field::{Empty, display};
use tracing::{Level, Span};

use crate::wire::{Carried, MessageId, Request};
use crate::{RemoteError, Result, Target};

/// A message that a client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Call,
    Cast,
}

macro_rules! rpc_span {
    ($name:literal, $kind:literal, $system:expr, $method:expr, $service:expr $(, parent: $parent:expr)?) => {
        tracing::span!(
            target: "rpc_runtime",
            $(parent: $parent,)?
            Level::INFO,
            $name,
            otel.name = Empty,
            otel.kind = $kind,
            rpc.system = "oslo.messaging",
            rpc.method = $method,
            rpc.service = $service,
            messaging.system = $system,
            messaging.operation = $name,
            messaging.destination.name = Empty,
            messaging.message.id = Empty,
            openstack.request_id = Empty,
            otel.status_code = Empty,
            "error.type" = Empty,
        )
    };
}

/// The span of a call or cast, while its message is written.
#[derive(Debug)]
pub(crate) struct Sending<'a> {
    span: &'a Span,
    method: &'a str,
    /// The topic, unless arguments name another one.
    topic: &'a str,
    /// Whether the caller chose the topic: then arguments do not.
    has_own_topic: bool,
}

/// Begins the span of a call or cast.
pub(crate) fn send(
    operation: Operation,
    system: &'static str,
    target: &Target,
    method: &str,
) -> Span {
    let service = target.namespace.as_deref();
    match operation {
        Operation::Call => rpc_span!("call", "producer", system, method, service),
        Operation::Cast => rpc_span!("cast", "producer", system, method, service),
    }
}

impl<'a> Sending<'a> {
    /// What is to be known of the message of `span`; nothing, where nobody looks at it.
    pub(crate) fn new(
        span: &'a Span,
        method: &'a str,
        topic: &'a str,
        has_own_topic: bool,
    ) -> Option<Self> {
        (!span.is_disabled()).then_some(Self {
            span,
            method,
            topic,
            has_own_topic,
        })
    }

    /// Names the span, once it is known where the message goes; and gives what is to go with it.
    pub(crate) fn carried(&self, topic: Option<&str>) -> Carried {
        let topic = topic.filter(|_| !self.has_own_topic).unwrap_or(self.topic);
        let (span, method) = (self.span, self.method);
        // The name counts up to where the span's identity is asked for.
        span.record("otel.name", display(format_args!("{topic}.{method}")));
        span.record("messaging.destination.name", topic);
        Carried::new(propagation::inject(span))
    }

    /// Notes what was written.
    pub(crate) fn written(&self, carried: &Carried) {
        if let Some(request_id) = carried.request_id() {
            self.span.record("openstack.request_id", request_id);
        }
    }
}

/// Notes, on the span of the call that runs, the identity by which its reply is known.
pub(crate) fn message_id(id: MessageId) {
    if tracing::level_filters::LevelFilter::current() >= Level::INFO {
        Span::current().record("messaging.message.id", display(id));
    }
}

/// Notes on the span of a call or cast how it ended.
pub(crate) fn sent<T>(span: &Span, result: &Result<T>) {
    if let Err(error) = result
        && !span.is_disabled()
    {
        failed(span, error.class());
    }
}

/// Begins the span of a request that a server handles.
pub(crate) fn receive(system: &'static str, request: &Request<'_>) -> Span {
    let method = request.method();
    let service = request.namespace();
    // The current span is that of whatever the server does as a request arrives.
    let span = rpc_span!("receive", "consumer", system, method, service, parent: None);
    if !span.is_disabled() {
        span.record("otel.name", display(format_args!("{method} receive")));
        if let Some(to) = request.reply_to() {
            span.record("messaging.message.id", &*to.message_id);
        }
        if let Some(request_id) = request.context_text("request_id") {
            span.record("openstack.request_id", &*request_id);
        }
        propagation::extract(&span, request);
    }
    span
}

/// Notes on the span of a request how it ended.
pub(crate) fn handled<T>(span: &Span, outcome: &Result<T, RemoteError>) {
    if let Err(error) = outcome {
        failed(span, &error.class);
    }
}

fn failed(span: &Span, class: &str) {
    span.record("otel.status_code", "ERROR");
    span.record("error.type", class);
}
