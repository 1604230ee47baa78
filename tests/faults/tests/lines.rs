//! Far brokers: a long line delays calls and casts by its length, and none of them fails.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::sync::Arc;
use std::time::Duration;

use rpc_faults::echo::{self, EchoClient};
use rpc_faults::long_line::{LongLine, ran_in_own_namespace};
use rpc_faults::node::Node;
use rpc_faults::proxy::{Flow, Line, Proxy};
use rpc_faults::testing::{self, PATIENCE, serve};
use rpc_runtime::transport::DEFAULT_EXCHANGE;
use rpc_runtime::{CallOptions, Context, Result, Transport};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

/// The timeout of calls.
const CALL: Duration = Duration::from_secs(20);
/// How long each kind of load lasts.
const LOAD: Duration = Duration::from_secs(3);
/// The number of callers.
const CALLERS: usize = 64;
/// The number of calls a second, and of casts a second.
const RATE: u32 = 20;
/// How late a busy machine may be.
const SLACK: Duration = Duration::from_millis(700);

/// The tests measure times, so they take turns on the machine.
static TURN: Mutex<()> = Mutex::const_new(());

fn client(transport: &Transport, topic: &str) -> EchoClient {
    let client = echo::client(transport, DEFAULT_EXCHANGE, topic);
    client.prepare(CallOptions::new().timeout(CALL))
}

/// A line between the broker and both ends.
#[derive(Debug, Clone, Copy)]
struct Far {
    name: &'static str,
    line: Line,
}

impl Far {
    const fn new(name: &'static str, delay: u64, jitter: u64, loss: u8) -> Self {
        let line = Line {
            delay: Duration::from_millis(delay),
            jitter: Duration::from_millis(jitter),
            loss,
        };
        Self { name, line }
    }

    /// The greatest round trip without retransmissions.
    fn round_trip(self) -> Duration {
        (self.line.delay + self.line.jitter) * 2
    }

    /// How long an operation may take that needs `round_trips` round trips.
    fn limit(self, round_trips: u32) -> Duration {
        // Several segments of a round trip are lost, and some of them twice. TCP sends a segment again after two round
        // trips, and then after four more.
        let held_up = if self.line.loss > 0 { 24 } else { 0 };
        self.round_trip() * (round_trips + held_up) + SLACK
    }
}

const LINES: [Far; 6] = [
    Far::new("20 ms", 10, 0, 0),
    Far::new("100 ms", 50, 0, 0),
    Far::new("200 ms", 100, 0, 0),
    Far::new("1 s", 500, 0, 0),
    Far::new("200 to 400 ms", 100, 100, 0),
    Far::new("200 ms, 5 % lost", 100, 0, 5),
];

/// How requests ended.
#[derive(Debug, Default)]
struct Seen {
    took: Vec<Duration>,
    failures: Vec<String>,
}

impl Seen {
    fn add(&mut self, took: Duration, result: Result<()>) {
        match result {
            Ok(()) => self.took.push(took),
            Err(error) => self.failures.push(error.to_string()),
        }
    }

    /// Describes what is wrong if a request failed or took longer than `limit`.
    fn check(&self, what: &str, limit: Duration) -> Option<String> {
        let longest = self.took.iter().max().copied().unwrap_or_default();
        let (done, failed) = (self.took.len(), self.failures.len());
        let wrong = failed > 0 || longest > limit || done == 0;
        wrong.then(|| {
            let first = self.failures.first();
            format!(
                "{what}: of {done} the longest took {longest:.1?}, where {limit:.1?} are allowed; {failed} failed: {first:?}"
            )
        })
    }
}

async fn timed(request: impl Future<Output = Result<()>>) -> (Duration, Result<()>) {
    let began = Instant::now();
    let result = request.await;
    (began.elapsed(), result)
}

async fn call(client: &EchoClient) -> (Duration, Result<()>) {
    timed(async { client.size(&Context::new(), "x".into()).await.map(drop) }).await
}

async fn cast(client: &EchoClient) -> (Duration, Result<()>) {
    timed(async { client.note(&Context::new(), "x".into()).await }).await
}

/// Each caller makes its next call when the last one has ended.
async fn call_in_turn(client: &EchoClient) -> Seen {
    let end = Instant::now() + LOAD;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let client = client.clone();
        callers.spawn(async move {
            let mut seen = Seen::default();
            while Instant::now() < end {
                let (took, result) = call(&client).await;
                seen.add(took, result);
            }
            seen
        });
    }
    let mut all = Seen::default();
    for seen in callers.join_all().await {
        all.took.extend(seen.took);
        all.failures.extend(seen.failures);
    }
    all
}

/// Calls and casts at a constant rate, however long they take.
async fn send_at_rate(client: &EchoClient) -> [Seen; 2] {
    let end = Instant::now() + LOAD;
    let mut tasks = JoinSet::new();
    let mut ticks = interval(Duration::from_secs(1) / RATE);
    while Instant::now() < end {
        ticks.tick().await;
        for is_call in [true, false] {
            let client = client.clone();
            tasks.spawn(async move {
                let sent = if is_call {
                    call(&client).await
                } else {
                    cast(&client).await
                };
                (is_call, sent)
            });
        }
    }
    let mut all = [Seen::default(), Seen::default()];
    for (is_call, (took, result)) in tasks.join_all().await {
        all[usize::from(!is_call)].add(took, result);
    }
    all
}

/// Makes calls and casts over one line. Returns what is wrong.
async fn load(node: &Node, far: Far) -> Vec<String> {
    let proxy = Proxy::start(node.address()).await.unwrap();
    proxy.flow_both(Flow::Line(far.line));
    let url = format!("rabbit://rpc:rpc@{}/", proxy.address());
    let topic = format!("far-{}", far.name);
    let server = serve(&url, &topic).await;
    let transport = Transport::new(&url).unwrap();
    let client = client(&transport, &topic);
    let mut first = Seen::default();
    let (took, result) = call(&client).await;
    first.add(took, result);
    let in_turn = call_in_turn(&client).await;
    let [calls, casts] = send_at_rate(&client).await;
    transport.close().await;
    server.stop().await;

    // Each caller has a call in flight at any time, so the callers are the window.
    let least = CALLERS * usize::try_from(LOAD.as_millis() / far.limit(4).as_millis()).unwrap();
    let few = in_turn.took.len() < least;
    let findings = [
        first.check("the first call", far.limit(9)),
        in_turn.check("calls in turn", far.limit(5)),
        few.then(|| format!("{} calls in turn: {least} are to be", in_turn.took.len())),
        calls.check("calls at a constant rate", far.limit(4)),
        casts.check("casts", far.limit(2)),
    ];
    let of = |finding| format!("{}: {finding}", far.name);
    findings.into_iter().flatten().map(of).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_long_line_makes_requests_late_and_fails_none() {
    let _turn = TURN.lock().await;
    let node = Arc::new(testing::shared_node("").await);
    let mut lines = JoinSet::new();
    for far in LINES {
        let node = node.clone();
        lines.spawn(async move { load(&node, far).await });
    }
    let findings = lines.join_all().await.concat();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// The line becomes long while it is used, as when a route changes. The earlier measurements must not delay later
/// requests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_line_may_become_long() {
    let far = Far::new("from nothing to 600 ms", 300, 0, 0);
    let _turn = TURN.lock().await;
    let node = testing::shared_node("").await;
    let proxy = Proxy::start(node.address()).await.unwrap();
    let server = serve(&node.url(""), "near").await;
    let transport = Transport::new(&format!("rabbit://rpc:rpc@{}/", proxy.address())).unwrap();
    let client = client(&transport, "near");
    call(&client).await.1.unwrap();
    let near = send_at_rate(&client).await;
    assert!(near.iter().all(|seen| seen.failures.is_empty()));
    proxy.flow_both(Flow::Line(far.line));
    let [calls, casts] = send_at_rate(&client).await;
    transport.close().await;
    server.stop().await;
    // For one round trip, only probes are sent.
    let findings = [
        calls.check("calls", far.limit(3)),
        casts.check("casts", far.limit(3)),
    ];
    assert!(findings.iter().all(Option::is_none), "{findings:?}");
}

/// Messages that the broker may refuse have exclusive channels, and these are limited. Over a long line, more of them
/// must be in use at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn fanouts_over_a_long_line_are_sent_together() {
    const FANOUTS: usize = 64;
    let far = Far::new("500 ms", 250, 0, 0);
    let _turn = TURN.lock().await;
    let node = testing::shared_node("").await;
    let proxy = Proxy::start(node.address()).await.unwrap();
    let server = serve(&node.url(""), "many").await;
    let transport = Transport::new(&format!("rabbit://rpc:rpc@{}/", proxy.address())).unwrap();
    let client = client(&transport, "many");
    call(&client).await.1.unwrap();
    proxy.flow_both(Flow::Line(far.line));
    let mut fanouts = JoinSet::new();
    for _ in 0..FANOUTS {
        let client = client.prepare(CallOptions::new().fanout(true));
        fanouts.spawn(async move { cast(&client).await });
    }
    let mut seen = Seen::default();
    for (took, result) in fanouts.join_all().await {
        seen.add(took, result);
    }
    transport.close().await;
    server.stop().await;
    let finding = seen.check("fanouts", far.limit(6));
    assert!(finding.is_none(), "{finding:?}");
}

/// Makes calls over a line that delays packets of TCP, the first SYN included.
async fn call_over_packets(delay: Duration, loss: u8) {
    const CALLS: usize = 50;
    let node = testing::shared_node("").await;
    let server = serve(&node.url(""), "packets").await;
    let _line = LongLine::start(delay, loss).await.unwrap();
    let near = Proxy::start_at(LongLine::NEAR, node.address())
        .await
        .unwrap();
    let port = near.address().port();
    let url = format!("rabbit://rpc:rpc@{}:{port}/", LongLine::FAR);
    let transport = Transport::new(&url).unwrap();
    let client = client(&transport, "packets").prepare(CallOptions::new().timeout(PATIENCE));
    let (took, first) = call(&client).await;
    first.unwrap_or_else(|error| panic!("after {took:.1?}: {error}"));
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let client = client.clone();
        calls.spawn(async move { call(&client).await });
    }
    for (took, called) in calls.join_all().await {
        called.unwrap_or_else(|error| panic!("after {took:.1?}: {error}"));
    }
    transport.close().await;
    server.stop().await;
}

/// The kernel repeats the first SYN after a second. It still accepts the late answer to the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_broker_with_a_round_trip_above_a_second_is_reached() {
    let test = "a_broker_with_a_round_trip_above_a_second_is_reached";
    let _turn = TURN.lock().await;
    if !ran_in_own_namespace(test).await.unwrap() {
        call_over_packets(Duration::from_millis(750), 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn lost_packets_fail_no_call() {
    let test = "lost_packets_fail_no_call";
    let _turn = TURN.lock().await;
    if !ran_in_own_namespace(test).await.unwrap() {
        call_over_packets(Duration::from_millis(100), 5).await;
    }
}
