//! A server of the ledger test: `ledger-server URL EXCHANGE TOPIC NAME CONCURRENCY`.
//!
//! It reports on standard output, one a line: `ready` when it listens; `begun N` when it begins request N, before it does
//! anything else for the request; `done N` when the request has ended; `doubted N` when it does not run the request because
//! the broker may not have its acknowledgement, which is also in its log. With a level in `RPC_LOG`, it writes its log to
//! standard error. When its input ends, also because its parent has ended, it stops gracefully.

use std::fmt::Debug;
use std::io::Write;
use std::time::Duration;

use rpc_faults::work::{Work, WorkEndpoint};
use rpc_runtime::{Context, Result, Server, Transport};
use tokio::io::AsyncReadExt;
use tracing::field::{Field, Visit};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, layer};

struct Worker;

/// One write, so that a line is neither lost nor split when the process is killed.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // An error means that the parent has ended. The ledger is not needed then.
    let _ = out
        .write_all(format!("{line}\n").as_bytes())
        .and_then(|()| out.flush());
}

impl Work for Worker {
    async fn work(&self, _: &Context, number: u64, millis: u64) -> Result<u64> {
        say(&format!("begun {number}"));
        tokio::time::sleep(Duration::from_millis(millis)).await;
        say(&format!("done {number}"));
        Ok(number)
    }

    async fn note(&self, _: &Context, number: u64) -> Result<()> {
        say(&format!("begun {number}"));
        say(&format!("done {number}"));
        Ok(())
    }

    async fn wait(&self, _: &Context, millis: u64, _: String) -> Result<()> {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        Ok(())
    }

    async fn take(&self, _: &Context, _: String) -> Result<()> {
        Ok(())
    }

    async fn make(&self, _: &Context, bytes: usize) -> Result<String> {
        Ok("x".repeat(bytes))
    }

    async fn probe(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

/// Finds doubted requests in the log, as an operator would.
struct Doubts;

impl<S: tracing::Subscriber> Layer<S> for Doubts {
    fn on_event(&self, event: &tracing::Event<'_>, _: layer::Context<'_, S>) {
        if *event.metadata().level() == tracing::Level::WARN {
            let mut doubt = Doubt::default();
            event.record(&mut doubt);
            if let (true, Some(number)) = (doubt.found, doubt.request_id) {
                say(&format!("doubted {number}"));
            }
        }
    }
}

#[derive(Default)]
struct Doubt {
    found: bool,
    request_id: Option<String>,
}

impl Visit for Doubt {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.found |= field.name() == "why"
            && format!("{value:?}")
                .contains("the broker may not have received the acknowledgement of the request");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "request_id" {
            self.request_id = Some(value.to_owned());
        }
    }
}

fn keep_log() {
    let level = std::env::var("RPC_LOG")
        .ok()
        .and_then(|level| level.parse().ok());
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_filter(level.unwrap_or(LevelFilter::OFF));
    tracing_subscriber::registry()
        .with(lines)
        .with(Doubts)
        .init();
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> rpc_faults::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, exchange, topic, name, concurrency] = arguments.as_slice() else {
        return Err("usage: ledger-server URL EXCHANGE TOPIC NAME CONCURRENCY".into());
    };
    keep_log();
    let transport = Transport::new(url)?;
    let server = Server::builder(&transport, name)
        .override_topic(topic)
        .exchange(exchange)
        .concurrency(concurrency.parse()?)
        .endpoint(WorkEndpoint::new(Worker))
        .start()
        .await?;
    say("ready");
    let mut input = tokio::io::stdin();
    while matches!(input.read(&mut [0; 64]).await, Ok(1..)) {}
    server.stop_within(Duration::from_secs(5)).await;
    transport.close().await;
    Ok(())
}
