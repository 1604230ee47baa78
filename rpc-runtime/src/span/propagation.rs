//! The trace context on the wire. It is stored in keys of the request context, such as `traceparent`, as
//! oslo.messaging does. Without the feature `otel`, nothing is sent and nothing is read.

use tracing::Span;

use crate::wire::Request;

/// The entries that the global propagator adds to the message of `span`.
#[cfg(feature = "otel")]
pub(super) fn inject(span: &Span) -> Vec<(String, String)> {
    use opentelemetry::propagation::Injector;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    struct Entries(Vec<(String, String)>);

    impl Injector for Entries {
        fn set(&mut self, key: &str, value: String) {
            self.0.push((key.to_owned(), value));
        }
    }

    let mut entries = Entries(Vec::new());
    let context = span.context();
    opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut entries);
    });
    entries.0
}

#[cfg(not(feature = "otel"))]
pub(super) fn inject(_: &Span) -> Vec<(String, String)> {
    Vec::new()
}

/// Makes `span` a child of the span that sent the request.
#[cfg(feature = "otel")]
pub(super) fn extract(span: &Span, request: &Request<'_>) {
    use std::borrow::Cow;

    use opentelemetry::propagation::Extractor;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    struct Entries<'a>(Vec<(&'a str, Cow<'a, str>)>);

    impl Extractor for Entries<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            let entry = self.0.iter().find(|(known, _)| *known == key);
            entry.map(|(_, value)| &**value)
        }

        fn keys(&self) -> Vec<&str> {
            self.0.iter().map(|(key, _)| *key).collect()
        }
    }

    let entries = Entries(request.context_texts().collect());
    let parent = opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.extract_with_context(&opentelemetry::Context::new(), &entries)
    });
    // `set_parent` fails if no layer of `tracing-opentelemetry` is installed. Then there is no trace to join.
    let _ = span.set_parent(parent);
}

#[cfg(not(feature = "otel"))]
pub(super) fn extract(_: &Span, _: &Request<'_>) {}
