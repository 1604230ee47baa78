//! Spans: their names and fields, and traces that cover programs of both languages.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::global;
use opentelemetry::trace::{SpanKind, Status, TracerProvider as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use rpc_runtime::client::{Next, OutgoingRequest};
use rpc_runtime::server::UntypedEndpoint;
use rpc_runtime::wire::RawRequest;
use rpc_runtime::{
    CallOptions, Context, Error, RemoteError, Result, RpcClient, Serializer, Server, Target,
    Transport, Version, args, rpc_client,
};
use rpc_tests::{Python, broker_url, unique_topic};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[rpc_client(version = "1.0")]
trait Relay {
    async fn echo(&self, ctxt: &Context, arg: &str) -> Result<String>;
    /// Calls `echo` at another server, with the context that it got.
    async fn relay(&self, ctxt: &Context, arg: &str) -> Result<String>;
    async fn fail(&self, ctxt: &Context, arg: &str) -> Result<String>;
    #[rpc(cast)]
    async fn note(&self, ctxt: &Context, arg: &str) -> Result<()>;
    /// Goes to the topic of its argument.
    async fn routed(&self, ctxt: &Context, #[rpc(topic)] topic: &str) -> Result<()>;
}

struct Relaying(RelayClient);

impl Relay for Relaying {
    async fn echo(&self, _: &Context, arg: &str) -> Result<String> {
        tracing::info_span!("inner").in_scope(|| {});
        Ok(arg.to_owned())
    }

    async fn relay(&self, ctxt: &Context, arg: &str) -> Result<String> {
        self.0.echo(ctxt, arg).await
    }

    async fn fail(&self, _: &Context, arg: &str) -> Result<String> {
        Err(RemoteError::new("NoWay", arg).into())
    }

    async fn note(&self, _: &Context, _: &str) -> Result<()> {
        Ok(())
    }

    async fn routed(&self, _: &Context, _: &str) -> Result<()> {
        Ok(())
    }
}

/// The ended spans of this process. All tests share them, since they share the subscriber.
fn spans() -> &'static InMemorySpanExporter {
    static SPANS: OnceLock<InMemorySpanExporter> = OnceLock::new();
    SPANS.get_or_init(|| {
        let spans = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(spans.clone())
            .build();
        global::set_text_map_propagator(TraceContextPropagator::new());
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tests"));
        let ours = tracing_subscriber::filter::LevelFilter::INFO;
        tracing_subscriber::registry().with(ours).with(layer).init();
        // Dropping the provider would stop the exporter.
        std::mem::forget(provider);
        spans
    })
}

/// A span of either language.
#[derive(Debug, Deserialize)]
struct Span {
    name: String,
    kind: String,
    trace: String,
    id: String,
    parent: Option<String>,
    attributes: BTreeMap<String, Value>,
}

impl From<SpanData> for Span {
    fn from(span: SpanData) -> Self {
        let parent = span.parent_span_id.to_string();
        let attributes = span.attributes.iter();
        Self {
            name: span.name.into_owned(),
            kind: format!("{:?}", span.span_kind).to_lowercase(),
            trace: span.span_context.trace_id().to_string(),
            id: span.span_context.span_id().to_string(),
            parent: (parent != "0000000000000000").then_some(parent),
            attributes: attributes
                .map(|pair| (pair.key.to_string(), json!(pair.value.as_str())))
                .collect(),
        }
    }
}

impl Span {
    fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).and_then(Value::as_str)
    }
}

/// Waits for the end of this process's span with this name, for which the condition holds.
async fn ended_if(name: &str, condition: impl Fn(&SpanData) -> bool) -> SpanData {
    let search = async {
        loop {
            let spans = spans().get_finished_spans().unwrap_or_default();
            let mut spans = spans.into_iter();
            if let Some(span) = spans.find(|span| span.name == name && condition(span)) {
                return span;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let found = tokio::time::timeout(rpc_tests::PATIENCE, search).await;
    found.unwrap_or_else(|_| panic!("no span {name} has ended"))
}

/// Waits for the end of this process's span with this name.
async fn ended(name: &str) -> SpanData {
    ended_if(name, |_| true).await
}

async fn ended_span(name: &str) -> Span {
    ended(name).await.into()
}

/// Waits for the end of a span with this name in this trace.
async fn ended_in(trace: &str, name: &str) -> Span {
    let in_trace = |span: &SpanData| span.span_context.trace_id().to_string() == trace;
    ended_if(name, in_trace).await.into()
}

/// A server of `topic` that relays to `next`.
async fn serve(transport: &Transport, topic: &str, next: &str) -> Server {
    let next = RelayClient::new(transport, next);
    let server = Server::builder(transport, "one")
        .topic(topic)
        .endpoint(RelayEndpoint::new(Relaying(next)));
    server.start().await.expect("it starts")
}

fn context() -> Context {
    Context::new().with_request_id("req-7")
}

#[tokio::test]
async fn a_call_and_its_request_are_spans_of_one_trace() {
    spans();
    let transport = Transport::new("memory://").unwrap();
    let topic = unique_topic("spans");
    let server = serve(&transport, &topic, "").await;
    let client = RelayClient::new(&transport, &topic);
    let caller = tracing::info_span!("a caller");
    let called = async { client.echo(&context(), "hunter2").await }.instrument(caller);
    assert_eq!(called.await.unwrap(), "hunter2");
    server.stop().await;

    let sent = ended_span(&format!("{topic}.echo")).await;
    let caller = ended_span("a caller").await;
    let received = ended_in(&sent.trace, "echo receive").await;
    let inner = ended_in(&sent.trace, "inner").await;
    assert_eq!(
        (sent.kind.as_str(), sent.parent.as_ref()),
        ("producer", Some(&caller.id))
    );
    assert_eq!(
        (received.kind.as_str(), received.parent.as_ref()),
        ("consumer", Some(&sent.id))
    );
    assert_eq!(inner.parent.as_ref(), Some(&received.id));
    for (attribute, of_sent, of_received) in [
        ("messaging.system", Some("memory"), Some("memory")),
        ("messaging.operation", Some("call"), Some("receive")),
        ("messaging.destination.name", Some(topic.as_str()), None),
        ("rpc.system", Some("oslo.messaging"), Some("oslo.messaging")),
        ("rpc.method", Some("echo"), Some("echo")),
        ("rpc.service", None, None),
        ("openstack.request_id", Some("req-7"), Some("req-7")),
        ("error.type", None, None),
    ] {
        assert_eq!(sent.text(attribute), of_sent, "{attribute}");
        assert_eq!(received.text(attribute), of_received, "{attribute}");
    }
    let id = sent
        .text("messaging.message.id")
        .expect("a call has an identity");
    assert_eq!(received.text("messaging.message.id"), Some(id));
    assert!(!format!("{sent:?}{received:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_span_has_the_class_of_a_failure_and_not_its_text() {
    spans();
    let transport = Transport::new("memory://").unwrap();
    let topic = unique_topic("spans-fail");
    let server = serve(&transport, &topic, "").await;
    let client = RelayClient::new(&transport, &topic);
    let error = client.fail(&context(), "hunter2").await.unwrap_err();
    assert!(matches!(error, Error::Remote(_)), "{error}");
    let ghost = format!("{topic}-ghost");
    let nobody = RpcClient::new(&transport, Target::new(&ghost));
    let nobody = nobody.prepare(CallOptions::new().queue_wait(Duration::ZERO));
    let sent: Result<()> = nobody.cast(&context(), "gone", args! {}).await;
    assert!(matches!(sent, Err(Error::Undeliverable { .. })), "{sent:?}");
    server.stop().await;

    for (name, kind, class) in [
        (format!("{topic}.fail"), SpanKind::Producer, "NoWay"),
        ("fail receive".to_owned(), SpanKind::Consumer, "NoWay"),
        (
            format!("{ghost}.gone"),
            SpanKind::Producer,
            "MessageUndeliverable",
        ),
    ] {
        let span = ended(&name).await;
        assert_eq!(
            (&span.status, &span.span_kind),
            (&Status::error(""), &kind),
            "{name}"
        );
        assert!(
            !format!("{:?}", span.attributes).contains("hunter2"),
            "{span:?}"
        );
        assert_eq!(Span::from(span).text("error.type"), Some(class), "{name}");
    }
}

#[tokio::test]
async fn spans_of_a_cast_and_of_a_routed_call_name_their_topics() {
    spans();
    let transport = Transport::new("memory://").unwrap();
    let (topic, elsewhere) = (unique_topic("spans-cast"), unique_topic("spans-routed"));
    let servers = [
        serve(&transport, &topic, "").await,
        serve(&transport, &elsewhere, "").await,
    ];
    let client = RelayClient::new(&transport, &topic);
    client.note(&context(), "x").await.unwrap();
    client.routed(&context(), &elsewhere).await.unwrap();
    for server in servers {
        server.stop().await;
    }
    let cast = ended_span(&format!("{topic}.note")).await;
    assert_eq!(cast.text("messaging.operation"), Some("cast"));
    let routed = ended_span(&format!("{elsewhere}.routed")).await;
    assert_eq!(
        routed.text("messaging.destination.name"),
        Some(elsewhere.as_str())
    );
}

/// A serializer hook with a span of its own.
#[derive(Debug)]
struct Hook;

impl Serializer for Hook {
    fn serialize_entity(&self, entity: Value) -> Result<Value> {
        tracing::info_span!("serialize_entity").in_scope(|| Ok(entity))
    }

    fn deserialize_entity(&self, entity: Value) -> Result<Value> {
        tracing::info_span!("deserialize_entity").in_scope(|| Ok(entity))
    }

    fn serialize_context(&self, context: Map<String, Value>) -> Result<Map<String, Value>> {
        Ok(context)
    }

    fn deserialize_context(&self, context: Map<String, Value>) -> Result<Map<String, Value>> {
        Ok(context)
    }
}

#[tokio::test]
async fn a_serializer_hook_runs_within_the_call_and_the_trace_context_goes_past_it() {
    spans();
    let transport = Transport::new("memory://").unwrap();
    let topic = unique_topic("spans-hook");
    let server = serve(&transport, &topic, "").await;
    let client = RelayClient::builder(&transport, &topic)
        .serializer(Hook)
        .build()
        .unwrap();
    client.echo(&context(), "x").await.unwrap();
    server.stop().await;
    let call = ended_span(&format!("{topic}.echo")).await;
    for name in ["serialize_entity", "deserialize_entity", "echo receive"] {
        let span = ended_in(&call.trace, name).await;
        assert_eq!(span.parent.as_ref(), Some(&call.id), "{name}");
    }
}

#[tokio::test]
async fn a_call_that_is_not_sent_has_a_span_with_its_name() {
    spans();
    let transport = Transport::new("memory://").unwrap();
    let topic = unique_topic("spans-unsent");
    let client = RelayClient::new(&transport, &topic);
    let capped = client.prepare(CallOptions::new().version_cap(Version::new(0, 5)));
    let error = capped.echo(&context(), "x").await.unwrap_err();
    assert!(matches!(error, Error::VersionCap { .. }), "{error}");
    let span = ended_span(&format!("{topic}.echo")).await;
    assert_eq!(span.text("messaging.destination.name"), Some(&*topic));
    assert_eq!(span.text("error.type"), Some("RPCVersionCapError"));

    let unwritable = std::collections::HashMap::from([((), 1)]);
    let (rpc, context) = (client.rpc(), context());
    let sent = rpc.cast(&context, "note", args! { arg: unwritable });
    let error = sent.await.unwrap_err();
    assert!(matches!(error, Error::Serialize { .. }), "{error}");
    let span = ended_span(&format!("{topic}.note")).await;
    assert_eq!(span.text("messaging.destination.name"), Some(&*topic));
}

#[tokio::test]
async fn a_call_within_a_middlewares_span_has_its_message_id_and_its_namespace() {
    spans();
    let transport = Transport::new("memory://").unwrap();
    let topic = unique_topic("spans-middleware");
    let server = Server::builder(&transport, "one")
        .topic(&topic)
        .endpoint(RelayEndpoint::new(Relaying(RelayClient::new(&transport, ""))).namespace("ns"));
    let server = server.start().await.unwrap();
    let client = RelayClient::builder(&transport, &topic)
        .namespace("ns")
        .middleware(|request: OutgoingRequest, next: Next| async move {
            let attempt = tracing::info_span!("attempt");
            next.run(request).instrument(attempt).await
        })
        .build()
        .unwrap();
    let context = Context::new().with_request_id("req \"é\"");
    client.echo(&context, "x").await.unwrap();
    server.stop().await;
    let call = ended_span(&format!("{topic}.echo")).await;
    let received = ended_in(&call.trace, "echo receive").await;
    let id = call.text("messaging.message.id");
    assert!(id.is_some(), "{call:?}");
    for span in [&call, &received] {
        assert_eq!(span.text("messaging.message.id"), id);
        assert_eq!(span.text("rpc.service"), Some("ns"));
        assert_eq!(span.text("openstack.request_id"), Some("req \"é\""));
    }
}

#[tokio::test]
async fn a_forwarded_call_is_a_part_of_the_trace() {
    spans();
    let transport = Transport::new("memory://").unwrap();
    let (near, far) = (unique_topic("spans-near"), unique_topic("spans-far"));
    let server = serve(&transport, &far, "").await;
    let there = RpcClient::new(&transport, Target::new(&far));
    let gateway = Server::builder(&transport, "gateway")
        .topic(&near)
        .endpoint(UntypedEndpoint::new(move |request: RawRequest| {
            let there = there.clone();
            async move { there.forward(&request).await }
        }));
    let gateway = gateway.start().await.unwrap();
    let client = RelayClient::new(&transport, &near);
    client.echo(&context(), "x").await.unwrap();
    gateway.stop().await;
    server.stop().await;

    let first = ended_span(&format!("{near}.echo")).await;
    let forwarded = ended_in(&first.trace, &format!("{far}.echo")).await;
    assert_eq!(forwarded.text("openstack.request_id"), Some("req-7"));
    let ours = spans().get_finished_spans().unwrap().into_iter();
    let mut received: Vec<Span> = ours
        .map(Span::from)
        .filter(|span| span.trace == first.trace && span.name == "echo receive")
        .collect();
    assert_eq!(received.len(), 2, "{received:?}");
    received.sort_by_key(|span| span.parent.as_ref() != Some(&first.id));
    let parents: Vec<_> = received.iter().map(|span| span.parent.as_ref()).collect();
    assert_eq!(parents, [Some(&first.id), Some(&forwarded.id)]);
    assert_eq!(forwarded.parent.as_ref(), Some(&received[0].id));
}

/// The spans of one trace with these names, one each.
fn chain(trace: &str, theirs: Vec<Span>, names: &[&str]) -> Vec<Span> {
    let ours = spans()
        .get_finished_spans()
        .expect("they are kept")
        .into_iter()
        .map(Span::from);
    let mut all: Vec<Span> = ours
        .chain(theirs)
        .filter(|span| span.trace == trace)
        .collect();
    let named = names.iter().map(|name| {
        let place = all.iter().position(|span| span.name == *name);
        let place = place.unwrap_or_else(|| panic!("no span {name} in {all:#?}"));
        all.swap_remove(place)
    });
    named.collect()
}

/// The fields that differ between the messages of a trace.
const OF_ONE_MESSAGE: [&str; 3] = [
    "messaging.message.id",
    "messaging.destination.name",
    "rpc.method",
];

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn one_trace_goes_from_rust_through_python_to_rust() {
    spans();
    let (middle, last) = (unique_topic("traced-python"), unique_topic("traced-rust"));
    let mut python = Python::spawn("traced.py", &[&broker_url(), &middle, "one", &last]).await;
    let transport = Transport::new(&broker_url()).unwrap();
    let server = serve(&transport, &last, "").await;
    let client = RelayClient::new(&transport, &middle);
    // A context of another trace, as a service may pass it on. It must not become the parent.
    let stale = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let context = json!({ "traceparent": stale, "request_id": "req-7", "user": "alice" });
    let result: String = client
        .rpc()
        .call(&context, "relay", args! { arg: "x" })
        .await
        .unwrap();
    assert_eq!(result, "x");
    server.stop().await;
    transport.close().await;
    let theirs: Vec<Span> = python.ask(json!({ "op": "spans" })).await.unwrap();
    python.stop().await;

    let first = ended_span(&format!("{middle}.relay")).await;
    let next = format!("{last}.echo");
    let names = [first.name.as_str(), "relay receive", &next, "echo receive"];
    let chain = chain(&first.trace, theirs, &names);
    assert_ne!(first.trace, "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(chain[0].parent, None);
    for pair in chain.windows(2) {
        assert_eq!(pair[1].parent.as_ref(), Some(&pair[0].id), "{pair:#?}");
    }
    // Both languages use the same fields with the same values, except those that name the message, its topic and its
    // method.
    for (ours, theirs) in [(&chain[0], &chain[2]), (&chain[3], &chain[1])] {
        for (attribute, value) in &theirs.attributes {
            let own = ours.attributes.get(attribute);
            assert!(own.is_some(), "{attribute}: {ours:?}");
            if !OF_ONE_MESSAGE.contains(&attribute.as_str()) {
                assert_eq!(own, Some(value), "{attribute}");
            }
        }
    }
    for span in &chain {
        assert_eq!(span.text("messaging.system"), Some("rabbitmq"));
        assert_eq!(span.text("openstack.request_id"), Some("req-7"));
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn one_trace_goes_from_python_through_rust_to_python() {
    spans();
    let (middle, last) = (unique_topic("traced-rust"), unique_topic("traced-python"));
    let mut python = Python::spawn("traced.py", &[&broker_url(), &last, "one", "nowhere"]).await;
    let transport = Transport::new(&broker_url()).unwrap();
    let server = serve(&transport, &middle, &last).await;
    let call = json!({
        "op": "call", "topic": middle, "method": "relay", "args": { "arg": "x" }, "context": { "request_id": "req-8" },
    });
    let result: String = python.ask(call).await.unwrap();
    assert_eq!(result, "x");
    server.stop().await;
    transport.close().await;
    let theirs: Vec<Span> = python.ask(json!({ "op": "spans" })).await.unwrap();
    python.stop().await;

    let sent = ended_span(&format!("{last}.echo")).await;
    let first = format!("{middle}.relay");
    let names = [first.as_str(), "relay receive", &sent.name, "echo receive"];
    let chain = chain(&sent.trace, theirs, &names);
    assert_eq!(chain[0].parent, None);
    for pair in chain.windows(2) {
        assert_eq!(pair[1].parent.as_ref(), Some(&pair[0].id), "{pair:#?}");
    }
}
