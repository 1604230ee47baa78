//! All log lines about the broker come from this library, one for each change. The AMQP client logs no events.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::fmt::{self, Debug, Write as _};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use lapin::options::{BasicGetOptions, BasicNackOptions};
use rpc_faults::echo::{self, EchoClient, EchoServer};
use rpc_faults::node::Node;
use rpc_faults::testing::{self, PATIENCE, SharedNode};
use rpc_runtime::transport::DEFAULT_EXCHANGE;
use rpc_runtime::{CallOptions, Context, Error, Transport};
use tokio::sync::MutexGuard;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, registry};

/// How long a condition lasts that must not fill the log.
const A_WHILE: Duration = Duration::from_secs(4);
/// The target of this library's events.
const OURS: &str = "rpc_runtime";

/// An event above `debug`, with its fields.
struct Line {
    level: Level,
    target: String,
    text: String,
}

impl Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.level, self.target, self.text)
    }
}

/// The lines that the current test has logged so far.
static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());

/// All tests log to the same subscriber, so they take turns.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

struct Recorder;

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        LINES
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Line {
                level: *event.metadata().level(),
                target: event.metadata().target().to_owned(),
                text: text.0,
            });
    }
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, "{field}={value} ");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{field}={value:?} ");
    }
}

/// A broker, and the log of its clients and servers.
struct Bench {
    node: SharedNode,
    _turn: MutexGuard<'static, ()>,
}

/// Waits for the other tests, and begins to log.
async fn turn() -> MutexGuard<'static, ()> {
    static SUBSCRIBED: Once = Once::new();
    let turn = TURN.lock().await;
    SUBSCRIBED.call_once(|| {
        registry()
            .with(Recorder.with_filter(LevelFilter::INFO))
            .init();
    });
    take_lines();
    turn
}

impl Bench {
    async fn start() -> Self {
        let turn = turn().await;
        let node = testing::shared_node("max_message_size = 524288").await;
        take_lines();
        Self { node, _turn: turn }
    }

    fn transport(&self) -> Transport {
        Transport::new(&self.node.url("")).unwrap()
    }

    async fn serve(&self, topic: &str) -> EchoServer {
        testing::serve(&self.node.url(""), topic).await
    }
}

fn client(transport: &Transport, topic: &str) -> EchoClient {
    echo::client(transport, DEFAULT_EXCHANGE, topic)
}

/// Takes the lines that were logged.
fn take_lines() -> Vec<Line> {
    std::mem::take(&mut LINES.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Fails if a line above `debug` comes from another crate, or none from this library: it logs each new connection.
fn assert_only_ours(lines: &[Line]) {
    let (ours, others): (Vec<_>, Vec<_>) =
        lines.iter().partition(|line| line.target.starts_with(OURS));
    assert!(!ours.is_empty(), "nothing was logged");
    let first = &others[..others.len().min(5)];
    assert!(
        others.is_empty(),
        "{} lines come from others: {first:#?}",
        others.len()
    );
}

/// The lines of this library at `warn` and above.
fn warnings(lines: &[Line]) -> Vec<&Line> {
    lines
        .iter()
        .filter(|line| line.target.starts_with(OURS) && line.level <= Level::WARN)
        .collect()
}

/// A call needs both connections of its transport. They fail for one reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_is_one_warning() {
    let _turn = turn().await;
    // No broker listens on that port.
    let transport = Transport::new("rabbit://guest:guest@127.0.0.1:1/").unwrap();
    let client = client(&transport, "nobody").prepare(CallOptions::new().timeout(A_WHILE));
    let called = client.size(&Context::new(), String::new()).await;
    let lines = take_lines();
    transport.close().await;
    let error = called.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    let warnings = warnings(&lines);
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert!(warnings[0].text.contains("127.0.0.1:1"), "{warnings:#?}");
    assert_only_ours(&lines);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_wrong_password_is_one_warning() {
    let bench = Bench::start().await;
    let address = bench.node.address();
    let transport = Transport::new(&format!("rabbit://rpc:wrong@{address}/")).unwrap();
    let client = client(&transport, "nobody");
    let ctxt = Context::new();
    let cast = client.note(&ctxt, String::new());
    let waited = timeout(A_WHILE, cast.into_future()).await;
    let lines = take_lines();
    transport.close().await;
    assert!(waited.is_err(), "it has no connection: {waited:?}");
    let warnings = warnings(&lines);
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert!(warnings[0].text.contains("ACCESS_REFUSED"), "{warnings:#?}");
    assert_only_ours(&lines);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_wait_for_a_topic_that_nobody_serves_is_one_warning() {
    let bench = Bench::start().await;
    let transport = bench.transport();
    let options = CallOptions::new().timeout(A_WHILE);
    let client = client(&transport, "nobody").prepare(options);
    let called = client.size(&Context::new(), String::new()).await;
    let lines = take_lines();
    transport.close().await;
    let error = called.unwrap_err();
    assert!(matches!(error, Error::Undeliverable { .. }), "{error}");
    let warnings = warnings(&lines);
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert!(
        warnings[0].text.contains("openstack/nobody"),
        "{warnings:#?}"
    );
    assert_only_ours(&lines);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn only_this_library_logs_a_channel_that_the_broker_closes() {
    const TIMES: usize = 5;
    let bench = Bench::start().await;
    let server = bench.serve("good").await;
    for _ in 0..TIMES {
        let transport = bench.transport();
        let client = client(&transport, "good");
        let size = async |bytes: usize| client.size(&Context::new(), "x".repeat(bytes)).await;
        assert_eq!(size(1).await.unwrap(), 1);
        let error = size(600_000).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        // The broker closes the channel of the next message: its exchange is missing.
        bench.node.delete_exchange(DEFAULT_EXCHANGE).await.unwrap();
        // The result does not matter: this tests the log.
        let _ = client.note(&Context::new(), String::new()).await;
        transport.close().await;
    }
    server.stop().await;
    assert_only_ours(&take_lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn an_orderly_close_is_no_warning_and_only_this_library_logs_it() {
    const TIMES: usize = 20;
    let bench = Bench::start().await;
    for _ in 0..TIMES {
        let server = bench.serve("good").await;
        let transport = bench.transport();
        let client = client(&transport, "good");
        assert_eq!(
            client.size(&Context::new(), String::new()).await.unwrap(),
            0
        );
        transport.close().await;
        server.stop().await;
    }
    let lines = take_lines();
    assert_only_ours(&lines);
    let warnings = warnings(&lines);
    assert!(warnings.is_empty(), "{warnings:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_topic_that_nobody_serves_is_one_warning_for_all_its_messages() {
    const MESSAGES: usize = 20;
    const TARGET: &str = "openstack/deserted";
    let bench = Bench::start().await;
    let transport = bench.transport();
    let client = client(&transport, "deserted");
    let short = CallOptions::new().queue_wait(Duration::from_millis(300));
    let casting = client.prepare(short);
    let mut casts = JoinSet::new();
    for _ in 0..MESSAGES / 2 {
        let casting = casting.clone();
        casts.spawn(async move { casting.note(&Context::new(), String::new()).await });
    }
    let mut results = casts.join_all().await;
    for _ in 0..MESSAGES / 2 {
        results.push(casting.note(&Context::new(), String::new()).await);
    }
    let unserved = take_lines();
    let server = bench.serve("deserted").await;
    for _ in 0..MESSAGES {
        client.note(&Context::new(), String::new()).await.unwrap();
    }
    let served = take_lines();
    server.stop().await;
    transport.close().await;
    for result in results {
        let undelivered = matches!(result, Err(Error::Undeliverable { .. }));
        assert!(undelivered, "{result:?}");
    }
    let names_it = |line: &&Line| line.target.starts_with(OURS) && line.text.contains(TARGET);
    let warnings = warnings(&unserved);
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert!(warnings.iter().all(names_it), "{warnings:#?}");
    let again: Vec<_> = served.iter().filter(names_it).collect();
    assert_eq!(again.len(), 1, "it is served again: {served:#?}");
    assert_only_ours(&unserved);
    assert_only_ours(&served);
}

/// Takes a message from a queue and requeues it, `times` times.
async fn give_back(node: &Node, queue: &str, times: usize) {
    let uri = format!("amqp://rpc:rpc@{}/%2f", node.address());
    let properties = lapin::ConnectionProperties::default();
    let connection = lapin::Connection::connect(&uri, properties).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let requeue = BasicNackOptions {
        requeue: true,
        ..BasicNackOptions::default()
    };
    for _ in 0..times {
        let taken = timeout(PATIENCE, async {
            loop {
                let got = channel.basic_get(queue.into(), BasicGetOptions::default());
                if let Some(message) = got.await.unwrap() {
                    return message;
                }
            }
        });
        taken.await.unwrap().nack(requeue).await.unwrap();
    }
    connection.close(200, "done".into()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_request_that_its_queue_is_about_to_drop_is_one_warning() {
    const LIMIT: usize = 6;
    let bench = Bench::start().await;
    let url = bench.node.url(&format!(
        "rabbit_quorum_queue=true&rabbit_quorum_delivery_limit={LIMIT}"
    ));
    let serve = async || testing::serve(&url, "worn").await;
    serve().await.stop().await;
    let transport = Transport::new(&url).unwrap();
    let client = client(&transport, "worn");
    for (times, expected) in [(LIMIT / 2 - 1, 0), (LIMIT / 2, 1)] {
        client.note(&Context::new(), "x".into()).await.unwrap();
        give_back(&bench.node, "worn", times).await;
        take_lines();
        let server = serve().await;
        // The server takes this call after the cast.
        client.size(&Context::new(), "x".into()).await.unwrap();
        server.stop().await;
        let lines = take_lines();
        assert_only_ours(&lines);
        let warnings = warnings(&lines);
        assert_eq!(
            warnings.len(),
            expected,
            "given back {times} times: {warnings:?}"
        );
        for warning in warnings {
            for part in [
                "queue=worn",
                "count=3",
                "limit=6",
                "rabbit_quorum_delivery_limit",
            ] {
                assert!(warning.text.contains(part), "{part}: {warning:?}");
            }
        }
    }
    transport.close().await;
}
