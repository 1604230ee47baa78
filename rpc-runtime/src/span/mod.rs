//! The `tracing` spans of calls, casts and handled requests: their names, their fields, and the trace context
//! that goes over the wire.
//!
//! Field names follow OpenTelemetry's conventions for messaging and RPC. The values are those of
//! oslo.messaging's tracing, so a trace looks the same whichever end wrote a span. No field may hold an
//! argument or the text of an error, which may quote an argument.
//!
//! If no subscriber enables a span, the functions return at once.

mod propagation;

use tracing::field::{Empty, display};
use tracing::{Level, Span};

use crate::wire::{Carried, MessageId, Request};
use crate::{RemoteError, Result, Target};

/// The kind of message that a client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Call,
    Cast,
}

macro_rules! rpc_span {
    (
        $name:literal, $kind:literal, $system:expr, $title:literal, $topic:expr, $method:expr, $service:expr
        $(, parent: $parent:expr)?
    ) => {
        tracing::span!(
            target: "rpc_runtime",
            $(parent: $parent,)?
            Level::INFO,
            $name,
            otel.name = display(format_args!($title)),
            otel.kind = $kind,
            rpc.system = "oslo.messaging",
            rpc.method = $method,
            rpc.service = $service,
            messaging.system = $system,
            messaging.operation = $name,
            messaging.destination.name = $topic,
            messaging.message.id = Empty,
            openstack.request_id = Empty,
            otel.status_code = Empty,
            "error.type" = Empty,
        )
    };
}

/// The span of a call or cast while its message is encoded.
#[derive(Debug)]
pub(crate) struct Sending<'a> {
    span: &'a Span,
    method: &'a str,
    /// Whether the caller set the topic for this call. If so, arguments do not change it.
    has_own_topic: bool,
}

/// Creates the span of a call or cast. `None` if no subscriber enables it. The name and the topic are those of the
/// client, so that a message that cannot be encoded has them, too. The span is boxed because each message in flight keeps
/// it: a span takes 40 bytes, also when it is disabled.
pub(crate) fn send(
    operation: Operation,
    system: &'static str,
    target: &Target,
    method: &str,
) -> Option<Box<Span>> {
    let (topic, service) = (&*target.topic, target.namespace.as_deref());
    let span = match operation {
        Operation::Call => rpc_span!(
            "call",
            "producer",
            system,
            "{topic}.{method}",
            Some(topic),
            method,
            service
        ),
        Operation::Cast => rpc_span!(
            "cast",
            "producer",
            system,
            "{topic}.{method}",
            Some(topic),
            method,
            service
        ),
    };
    (!span.is_disabled()).then(|| Box::new(span))
}

impl<'a> Sending<'a> {
    pub(crate) fn new(span: &'a Span, method: &'a str, has_own_topic: bool) -> Self {
        Self {
            span,
            method,
            has_own_topic,
        }
    }

    /// Returns the trace context to send. `topic` is the topic that an argument names: it goes into the span's name
    /// and destination.
    pub(crate) fn carried(&self, topic: Option<&str>) -> Carried {
        let (span, method) = (self.span, self.method);
        if let Some(topic) = topic.filter(|_| !self.has_own_topic) {
            // This comes before `inject`: OpenTelemetry fixes the name when the span's context is requested.
            span.record("otel.name", display(format_args!("{topic}.{method}")));
            span.record("messaging.destination.name", topic);
        }
        Carried::new(propagation::inject(span))
    }

    /// Records the request id of the context that was encoded.
    pub(crate) fn written(&self, carried: &Carried) {
        if let Some(request_id) = carried.request_id() {
            self.span.record("openstack.request_id", request_id);
        }
    }
}

/// Runs `then` within the span of a call or cast, if there is one, so that spans and events of serializer hooks belong to
/// it.
pub(crate) fn in_scope<T>(span: Option<&Span>, then: impl FnOnce() -> T) -> T {
    match span {
        Some(span) => span.in_scope(then),
        None => then(),
    }
}

/// Records the message id of a call on the current span.
pub(crate) fn message_id(id: MessageId) {
    if tracing::level_filters::LevelFilter::current() >= Level::INFO {
        Span::current().record("messaging.message.id", display(id));
    }
}

/// Records the outcome of a call or cast on its span.
pub(crate) fn sent<T>(span: Option<&Span>, result: &Result<T>) {
    if let (Some(span), Err(error)) = (span, result) {
        failed(span, error.class());
    }
}

/// Creates the span of a request that a server handles.
pub(crate) fn receive(system: &'static str, request: &Request<'_>) -> Span {
    let method = request.method();
    let service = request.namespace();
    // No parent: the current span belongs to the task that received the request.
    let topic = None::<&str>;
    let span = rpc_span!(
        "receive", "consumer", system, "{method} receive", topic, method, service, parent: None
    );
    if !span.is_disabled() {
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

/// Records the outcome of a request on its span.
pub(crate) fn handled<T>(span: &Span, outcome: &Result<T, RemoteError>) {
    if let Err(error) = outcome {
        failed(span, &error.class);
    }
}

fn failed(span: &Span, class: &str) {
    span.record("otel.status_code", "ERROR");
    span.record("error.type", class);
}
