//! Spans around calls and handlers. They are printed, and exported if there is a collector.
//!
//! ```text
//! cargo run --example tracing
//! RUST_LOG=debug cargo run --example tracing
//! OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 cargo run --example tracing
//! ```
//!
//! The first command prints each span when it ends, with the spans around it. The third also sends the spans to a
//! collector, by OTLP over HTTP. There they form one trace: each request is a child of the call that sent it, also
//! across processes and languages.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use rpc_runtime::{Context, Result, Server, Transport, rpc_client};
use tracing::Instrument;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

#[rpc_client(topic = "front", version = "1.0")]
trait Front {
    async fn order(&self, ctxt: &Context, item: &str) -> Result<u32>;
}

#[rpc_client(topic = "stock", version = "1.0")]
trait Stock {
    async fn take(&self, ctxt: &Context, item: &str) -> Result<u32>;
}

struct Desk {
    stock: StockClient,
}

impl Front for Desk {
    async fn order(&self, ctxt: &Context, item: &str) -> Result<u32> {
        // This event and the call below are within the span of the request.
        tracing::info!("an order has come in");
        self.stock.take(ctxt, item).await
    }
}

struct Shelf;

impl Stock for Shelf {
    async fn take(&self, _: &Context, item: &str) -> Result<u32> {
        u32::try_from(item.len())
            .map_err(|_| rpc_runtime::Error::new_remote("TooLong", "such a name"))
    }
}

/// Prints spans and events. Exports the spans if the environment names a collector.
fn subscribe() -> std::result::Result<Option<SdkTracerProvider>, Box<dyn std::error::Error>> {
    let printed = fmt::layer()
        .with_span_events(FmtSpan::CLOSE)
        .with_target(false);
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter).with(printed);
    if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_none() {
        registry.init();
        return Ok(None);
    }
    // The propagator writes the trace's context into messages, and reads it from them.
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .build()?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .build();
    let exported = tracing_opentelemetry::layer().with_tracer(provider.tracer("rpc-runtime"));
    registry.with(exported).init();
    Ok(Some(provider))
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let provider = subscribe()?;
    let url = std::env::var("RPC_TRANSPORT_URL");
    let transport = Transport::new(url.as_deref().unwrap_or("memory://"))?;
    let desk = Desk {
        stock: StockClient::new(&transport),
    };
    let servers = [
        Server::builder(&transport, "desk")
            .endpoint(FrontEndpoint::new(desk))
            .start()
            .await?,
        Server::builder(&transport, "shelf")
            .endpoint(StockEndpoint::new(Shelf))
            .start()
            .await?,
    ];

    let front = FrontClient::new(&transport);
    let ctxt = Context::new().with_request_id("req-1");
    // A span of the program's own is the parent of the call.
    let morning = tracing::info_span!("morning");
    let taken = async { front.order(&ctxt, "lamp").await }
        .instrument(morning)
        .await?;
    println!("taken: {taken}");

    for server in servers {
        server.stop().await;
    }
    transport.close().await;
    if let Some(provider) = provider {
        // Sends the spans that are not yet exported.
        provider.shutdown()?;
    }
    Ok(())
}
