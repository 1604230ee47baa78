//! A message that the broker refuses is its sender's affair: the sender learns why at once, nobody else
//! notices, and the connection stands.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rpc_faults::echo::{self, EchoClient, EchoServer};
use rpc_faults::ground::Ground;
use rpc_faults::node::Node;
use rpc_faults::orders::Permissions;
use rpc_faults::proxy::{Direction, Flow, Proxy};
use rpc_runtime::transport::DEFAULT_EXCHANGE;
use rpc_runtime::{CallOptions, Context, Error, Result, Transport};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

/// How large a message the broker takes, in bytes.
const LIMIT: usize = 512 * 1024;
/// How large the arguments are of a message that it refuses.
const TOO_LARGE: usize = 600_000;
/// How much larger than its arguments a message is, at most.
const ENVELOPE: usize = 4096;
/// The broker's settings. Small frames: the broker refuses a message before all of it has been written.
const SETTINGS: &str = "max_message_size = 524288\nframe_max = 8192";

/// How long an answer may take that is to come at once.
const AT_ONCE: Duration = Duration::from_secs(2);
/// The timeout of calls.
const CALL: Duration = Duration::from_secs(5);
/// How long a cast may take in a test.
const CAST: Duration = Duration::from_secs(10);
/// How long the laboratory may take for what it is told.
const PATIENCE: Duration = Duration::from_secs(60);

/// The tests measure times, and take turns on the machine.
static TURN: Mutex<()> = Mutex::const_new(());

/// A broker with a server of the topic `good`.
struct Bench {
    node: Node,
    server: EchoServer,
    _turn: MutexGuard<'static, ()>,
}

impl Bench {
    async fn start() -> Self {
        let turn = TURN.lock().await;
        let scripts = std::env::var_os("RPC_TEST_RABBITMQ_BIN")
            .expect("needs RabbitMQ: tests/run (RPC_TEST_RABBITMQ_BIN is not set)");
        let ground = Arc::new(Ground::prepare(PathBuf::from(scripts)).await.unwrap());
        let node = Node::start_with(&ground, "refusals", SETTINGS)
            .await
            .unwrap();
        let server = serve(&node, DEFAULT_EXCHANGE, "good").await;
        Self {
            node,
            server,
            _turn: turn,
        }
    }

    /// A new transport of a user whose password is the name.
    fn transport(&self, user: &str) -> Transport {
        transport(&format!("rabbit://{user}:{user}@{}/", self.node.address()))
    }

    /// The connections at the broker, which lists one that was closed for a moment longer.
    async fn connections(&self) -> Vec<u16> {
        let list = async || self.node.connections().await.unwrap();
        let mut last = list().await;
        loop {
            sleep(Duration::from_millis(50)).await;
            let now = list().await;
            if now == last {
                return now;
            }
            last = now;
        }
    }

    /// Makes a queue that holds one message, and has no room for another.
    async fn fill_queue(&self, topic: &str) {
        let filling = serve(&self.node, DEFAULT_EXCHANGE, topic).await;
        filling.stop().await;
        self.node.limit_queue(topic, 1).await.unwrap();
        let transport = self.transport("rpc");
        cast(&client(&transport, topic), 1).await.unwrap();
        transport.close().await;
        assert_eq!(self.node.ready_messages(topic).await.unwrap(), 1);
    }
}

async fn serve(node: &Node, exchange: &str, topic: &str) -> EchoServer {
    let url = node.url("");
    let started = EchoServer::start(&url, exchange, topic);
    timeout(PATIENCE, started).await.unwrap().unwrap()
}

fn transport(url: &str) -> Transport {
    Transport::new(url).unwrap()
}

fn client(transport: &Transport, topic: &str) -> EchoClient {
    client_at(transport, DEFAULT_EXCHANGE, topic)
}

fn client_at(transport: &Transport, exchange: &str, topic: &str) -> EchoClient {
    echo::client(transport, exchange, topic).prepare(CallOptions::new().timeout(CALL))
}

/// Calls with so many bytes.
async fn call(client: &EchoClient, bytes: usize) -> Result<()> {
    let size = client.size(&Context::new(), "x".repeat(bytes)).await?;
    assert_eq!(size, bytes);
    Ok(())
}

/// Casts so many bytes.
async fn cast(client: &EchoClient, bytes: usize) -> Result<()> {
    let ctxt = Context::new();
    let cast = client.note(&ctxt, "x".repeat(bytes));
    let ended = timeout(CAST, cast.into_future()).await;
    ended.unwrap_or_else(|_| panic!("a cast does not end within {CAST:?}"))
}

/// Calls or casts.
async fn send(client: &EchoClient, is_call: bool, bytes: usize) -> Result<()> {
    if is_call {
        call(client, bytes).await
    } else {
        cast(client, bytes).await
    }
}

/// How a request ended, and how long it took.
struct Ended {
    result: Result<()>,
    took: Duration,
}

impl Ended {
    async fn of(request: impl Future<Output = Result<()>>) -> Self {
        let began = Instant::now();
        Self {
            result: request.await,
            took: began.elapsed(),
        }
    }
}

/// What a test found, for one message that tells all of it.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, what: impl Display, why: impl Display) {
        self.0.push(format!("{what}: {why}"));
    }

    /// Whether this holds; a finding if not.
    fn check(&mut self, what: impl Display, holds: bool, why: impl Display) {
        if !holds {
            self.add(what, why);
        }
    }

    /// Whether a request succeeded, in time.
    fn succeeded(&mut self, what: impl Display, ended: &Ended, limit: Duration) {
        match &ended.result {
            Err(error) => self.add(what, describe(error)),
            Ok(()) => self.check(
                what,
                ended.took <= limit,
                format!("took {:.1?}", ended.took),
            ),
        }
    }

    /// Whether a request failed at once, and certainly did not run; with its error, if it has one.
    fn was_refused<'e>(&mut self, what: &str, ended: &'e Ended) -> Option<&'e Error> {
        let took = ended.took;
        self.check(what, took <= AT_ONCE, format!("took {took:.1?}"));
        let Err(error) = &ended.result else {
            self.add(what, "succeeded");
            return None;
        };
        let described = describe(error);
        self.check(
            what,
            !error.may_have_run(),
            format!("may have run: {described}"),
        );
        self.check(what, !error.is_timeout(), format!("a timeout: {described}"));
        Some(error)
    }

    /// Whether the broker's reason for a refusal is the message's size.
    fn was_too_large(&mut self, what: &str, ended: &Ended) {
        if let Some(error) = self.was_refused(what, ended) {
            let is_refused = matches!(error, Error::Refused { .. });
            let described = describe(error);
            self.check(what, is_refused, format!("not refused: {described}"));
            self.check(
                what,
                names_sizes(&described),
                format!("no size: {described}"),
            );
        }
    }

    /// Whether the connections are those that there were.
    fn stood(&mut self, before: &[u16], after: &[u16]) {
        let lost = before.iter().filter(|port| !after.contains(port)).count();
        self.check(
            "the connections",
            before == after,
            format!(
                "{lost} of {} were lost, {} stand",
                before.len(),
                after.len()
            ),
        );
    }

    fn none(self, summary: &str) {
        let mut counts = BTreeMap::<&str, usize>::new();
        for finding in &self.0 {
            *counts.entry(finding).or_default() += 1;
        }
        let lines: Vec<_> = counts
            .iter()
            .take(30)
            .map(|(finding, count)| format!("{count:4} times {finding}"))
            .collect();
        let (all, lines) = (self.0.len(), lines.join("\n"));
        assert!(self.0.is_empty(), "{summary}: {all} findings:\n{lines}");
    }
}

/// An error as its user sees it, with its variant.
fn describe(error: &Error) -> String {
    let variant = format!("{error:?}");
    let variant = variant.split(['(', ' ']).next().unwrap_or_default();
    format!("{variant}: {error}")
}

/// Whether a text names the broker's limit, and the size of a message whose arguments are too large.
fn names_sizes(text: &str) -> bool {
    let numbers: Vec<usize> = text
        .split(|character: char| !character.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect();
    let size = TOO_LARGE..TOO_LARGE + ENVELOPE;
    numbers.contains(&LIMIT) && numbers.iter().any(|number| size.contains(number))
}

#[test]
fn sizes_are_found_in_a_text() {
    assert!(names_sizes(
        "message size 600321 is larger than configured max size 524288"
    ));
    assert!(!names_sizes("message size 600321 is too large"));
    assert!(!names_sizes("the limit is 524288, take 2 or 999999"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn the_call_after_a_message_that_is_too_large_succeeds() {
    const ROUNDS: usize = 40;
    let bench = Bench::start().await;
    let transport = bench.transport("rpc");
    let client = client(&transport, "good");
    call(&client, 1).await.unwrap();
    let before = bench.connections().await;
    let mut findings = Findings::default();
    let mut failed = 0;
    for _ in 0..ROUNDS {
        let large = Ended::of(call(&client, TOO_LARGE)).await;
        findings.was_too_large("the large call", &large);
        let small = Ended::of(call(&client, 1)).await;
        failed += usize::from(small.result.is_err());
        findings.succeeded("the call after it", &small, AT_ONCE);
    }
    findings.stood(&before, &bench.connections().await);
    transport.close().await;
    findings.none(&format!("{failed} of {ROUNDS} small calls failed"));
    bench.server.stop().await;
}

/// Sends 100 calls and 100 casts of one byte at once, and the offender in their midst. Half of the casts
/// go over routes that nobody has used before. Gives what became of the offender.
async fn among_good_ones(
    good: &EchoClient,
    round: usize,
    findings: &mut Findings,
    offender: impl Future<Output = Result<()>> + Send + 'static,
) -> Ended {
    const MESSAGES: usize = 200;
    let mut tasks = JoinSet::new();
    let mut offender = Some(offender);
    let mut offending: Option<JoinHandle<Ended>> = None;
    for number in 0..MESSAGES {
        if number == MESSAGES / 2 {
            let offender = offender.take().unwrap();
            offending = Some(tokio::spawn(Ended::of(offender)));
        }
        let good = good.clone();
        tasks.spawn(async move {
            let kind = number % 8;
            let new = CallOptions::new().topic(format!("new-{round}-{number}"));
            let what = match kind {
                0..4 => "a call",
                4 | 5 => "a cast",
                6 => "a fanout to a new topic",
                _ => "a cast to a new topic",
            };
            let ended = Ended::of(async {
                match kind {
                    0..4 => call(&good, 1).await,
                    4 | 5 => cast(&good, 1).await,
                    6 => cast(&good.prepare(new.fanout(true)), 1).await,
                    _ => cast(&good.prepare(new.mandatory(false)), 1).await,
                }
            });
            (what, ended.await)
        });
    }
    for (what, ended) in tasks.join_all().await {
        findings.succeeded(what, &ended, CAST);
    }
    offending.unwrap().await.unwrap()
}

/// A request that is to be refused.
struct Offender {
    client: EchoClient,
    is_call: bool,
    bytes: usize,
}

/// How often an offender meets others in a test: each time on a new connection.
const ROUNDS: usize = 10;

/// Lets an offender meet others again and again. `offend` prepares one, of a round, on a transport.
async fn nobody_else_is_hurt(
    bench: Bench,
    user: &str,
    offend: impl AsyncFn(&Bench, &Transport, usize) -> Offender,
    judge: impl Fn(&mut Findings, &Ended),
) {
    let mut findings = Findings::default();
    for round in 0..ROUNDS {
        let transport = bench.transport(user);
        let good = client(&transport, "good");
        call(&good, 1).await.unwrap();
        cast(&good, 1).await.unwrap();
        let offender = offend(&bench, &transport, round).await;
        let before = bench.connections().await;
        let Offender {
            client,
            is_call,
            bytes,
        } = offender;
        let offender = async move { send(&client, is_call, bytes).await };
        let offender = among_good_ones(&good, round, &mut findings, offender).await;
        judge(&mut findings, &offender);
        findings.stood(&before, &bench.connections().await);
        transport.close().await;
    }
    findings.none("beside 200 good messages");
    bench.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn one_message_that_is_too_large_hurts_no_other() {
    let bench = Bench::start().await;
    let offend = async |_: &Bench, transport: &Transport, round| {
        // Over a route that is known, or over one that is new.
        let topic = if round % 2 == 0 { "good" } else { "another" };
        Offender {
            client: client(transport, topic),
            is_call: round % 4 < 2,
            bytes: TOO_LARGE,
        }
    };
    nobody_else_is_hurt(bench, "rpc", offend, |findings, offender| {
        findings.was_too_large("the large message", offender);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn one_message_without_permission_hurts_no_other() {
    let bench = Bench::start().await;
    let denied = serve(&bench.node, "denied", "denied").await;
    bench.node.add_user("limited").await.unwrap();
    let permissions = Permissions {
        write: "^(openstack|.*_fanout)$",
        ..Permissions::ALL
    };
    let permitted = bench.node.set_permissions("limited", "/", permissions);
    permitted.await.unwrap();
    let offend = async |_: &Bench, transport: &Transport, round| Offender {
        client: client_at(transport, "denied", "denied"),
        is_call: round % 2 == 0,
        bytes: 1,
    };
    nobody_else_is_hurt(bench, "limited", offend, |findings, offender| {
        let what = "the message without permission";
        if let Some(error) = findings.was_refused(what, offender) {
            let described = describe(error);
            let is_refused = matches!(error, Error::Refused { .. });
            findings.check(what, is_refused, format!("not refused: {described}"));
            let names_it = described.contains("'denied'");
            findings.check(what, names_it, format!("no exchange: {described}"));
        }
    })
    .await;
    denied.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn one_message_to_a_full_queue_hurts_no_other() {
    let bench = Bench::start().await;
    bench.fill_queue("narrow").await;
    let offend = async |_: &Bench, transport: &Transport, round| Offender {
        client: client(transport, "narrow"),
        is_call: round % 2 == 0,
        bytes: 1,
    };
    nobody_else_is_hurt(bench, "rpc", offend, |findings, offender| {
        let what = "the message to the full queue";
        if let Some(error) = findings.was_refused(what, offender) {
            let described = describe(error);
            let is_full = error.to_string().contains("full");
            findings.check(what, is_full, format!("not full: {described}"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn one_message_to_a_missing_exchange_hurts_no_other() {
    let bench = Bench::start().await;
    let doomed = serve(&bench.node, "doomed", "doomed").await;
    let offend = async |bench: &Bench, transport: &Transport, round| {
        let client = client_at(transport, "doomed", "doomed");
        call(&client, 1).await.unwrap();
        bench.node.delete_exchange("doomed").await.unwrap();
        Offender {
            client,
            is_call: round % 2 == 0,
            bytes: 1,
        }
    };
    nobody_else_is_hurt(bench, "rpc", offend, |findings, offender| {
        // It is declared anew, and its server binds its queue anew.
        if !matches!(offender.result, Err(Error::Undeliverable { .. })) {
            findings.succeeded("the message to the missing exchange", offender, CAST);
        }
    })
    .await;
    doomed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn of_many_messages_at_once_those_that_are_too_large_fail() {
    const MESSAGES: usize = 400;
    const TOGETHER: Duration = Duration::from_secs(5);
    let bench = Bench::start().await;
    let proxy = Proxy::start(bench.node.address()).await.unwrap();
    let transport = transport(&format!("rabbit://rpc:rpc@{}/", proxy.address()));
    let client = client(&transport, "good");
    call(&client, 1).await.unwrap();
    let before = bench.connections().await;
    let mut tasks = JoinSet::new();
    for number in 0..MESSAGES {
        let client = client.clone();
        tasks.spawn(async move {
            // Two calls and two casts among them.
            let is_large = number % 100 == 50;
            let is_call = (number / 100 + number) % 2 == 0;
            let bytes = if is_large { TOO_LARGE } else { 1 };
            let ended = Ended::of(send(&client, is_call, bytes)).await;
            let what = if is_call { "call" } else { "cast" };
            (is_large, what, ended)
        });
    }
    let mut findings = Findings::default();
    for (is_large, what, ended) in tasks.join_all().await {
        if is_large {
            findings.was_too_large(&format!("a large {what}"), &ended);
        } else {
            findings.succeeded(format!("a small {what}"), &ended, TOGETHER);
        }
        let in_time = ended.took <= TOGETHER;
        findings.check("all of them", in_time, format!("took {:.1?}", ended.took));
    }
    findings.stood(&before, &bench.connections().await);

    // The limit is known now: the broker need not be asked, and here it cannot be.
    proxy.flow(Direction::Up, Flow::Hold);
    for is_call in [true, false] {
        let ended = timeout(AT_ONCE, Ended::of(send(&client, is_call, TOO_LARGE))).await;
        match ended {
            Ok(ended) => findings.was_too_large("a message above the known limit", &ended),
            Err(_) => findings.add("a message above the known limit", "was sent"),
        }
    }
    proxy.heal();
    let allowed = Ended::of(call(&client, LIMIT - ENVELOPE)).await;
    findings.succeeded("a message just below the limit", &allowed, CALL);
    transport.close().await;
    findings.none("of 400 messages, 4 of them too large");
    bench.server.stop().await;
}

/// Whether the caller of a reply that is too large was told why.
fn told_of_large_reply(findings: &mut Findings, ended: &Ended) {
    let what = "the call with a large reply";
    let took = ended.took;
    findings.check(what, took <= AT_ONCE, format!("took {took:.1?}"));
    match &ended.result {
        Ok(()) => findings.add(what, "succeeded"),
        Err(error) => {
            let described = describe(error);
            let is_remote = error.remote().is_some();
            findings.check(what, is_remote, format!("no remote error: {described}"));
            let sizes = names_sizes(&described);
            findings.check(what, sizes, format!("no size: {described}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_reply_that_is_too_large_becomes_an_error_of_its_call() {
    let bench = Bench::start().await;
    let transport = bench.transport("rpc");
    let client = client(&transport, "good");
    call(&client, 1).await.unwrap();
    let before = bench.connections().await;
    let mut findings = Findings::default();
    for round in 0..3 {
        let offender = client.clone();
        // The server does not know the limit yet when it sends the first of these.
        let make = async move { offender.make(&Context::new(), TOO_LARGE).await.map(drop) };
        let large = among_good_ones(&client, round, &mut findings, make).await;
        told_of_large_reply(&mut findings, &large);
        let make = async { client.make(&Context::new(), 1).await.map(drop) };
        let small = Ended::of(make).await;
        findings.succeeded("the call after it", &small, AT_ONCE);
    }
    findings.stood(&before, &bench.connections().await);
    transport.close().await;
    findings.none("a server with replies that are too large");
    bench.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_full_queue_is_an_answer() {
    let bench = Bench::start().await;
    bench.fill_queue("narrow").await;
    let transport = bench.transport("rpc");
    let client = client(&transport, "narrow");
    let mut findings = Findings::default();
    for is_call in [true, false, true, false] {
        let what = if is_call { "the call" } else { "the cast" };
        let ended = Ended::of(send(&client, is_call, 1)).await;
        if let Some(error) = findings.was_refused(what, &ended) {
            let is_full = error.to_string().contains("full");
            findings.check(what, is_full, format!("not full: {}", describe(error)));
        }
    }
    bench.node.purge_queue("narrow").await.unwrap();
    let ended = Ended::of(cast(&client, 1)).await;
    findings.succeeded("the cast after room was made", &ended, AT_ONCE);
    transport.close().await;
    findings.none("a queue that is full");
    bench.server.stop().await;
}

/// Casts at once to a queue that never confirms, and meanwhile calls others.
async fn calls_beside_a_stuck_queue(bench: &Bench, is_known: bool, findings: &mut Findings) {
    const CASTS: usize = 32;
    const CALLERS: usize = 64;
    const CALLS: usize = 10;
    let topic = |name: &str| format!("{name}-{}", if is_known { "known" } else { "new" });
    let (stuck, fresh) = (topic("stuck"), topic("fresh"));
    let stuck_server = serve(&bench.node, DEFAULT_EXCHANGE, &stuck).await;
    let fresh_server = serve(&bench.node, DEFAULT_EXCHANGE, &fresh).await;
    let transport = bench.transport("rpc");
    let good = client(&transport, "good");
    call(&good, 1).await.unwrap();
    let to_stuck = client(&transport, &stuck);
    if is_known {
        call(&to_stuck, 1).await.unwrap();
    }

    bench.node.suspend_queue(&stuck).await.unwrap();
    let mut stuck_casts = JoinSet::new();
    for _ in 0..CASTS {
        let client = to_stuck.clone();
        stuck_casts.spawn(async move { client.note(&Context::new(), String::new()).await });
    }
    let arrived = async {
        while bench.node.backlog(&stuck).await.unwrap() == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, arrived).await.expect("a cast arrives");

    let mut callers = JoinSet::new();
    for number in 0..CALLERS + 8 {
        let is_fresh = number >= CALLERS;
        let client = if is_fresh {
            client(&transport, &fresh)
        } else {
            good.clone()
        };
        callers.spawn(async move {
            let mut ended = Vec::new();
            for _ in 0..CALLS {
                ended.push(Ended::of(call(&client, 1)).await);
            }
            (is_fresh, ended)
        });
    }
    for (is_fresh, all) in callers.join_all().await {
        let what = topic(if is_fresh {
            "a call to a fresh topic"
        } else {
            "a call"
        });
        for ended in &all {
            findings.succeeded(&what, ended, AT_ONCE);
        }
    }
    findings.check(
        topic("the casts"),
        stuck_casts.len() == CASTS && stuck_casts.try_join_next().is_none(),
        "some ended while their queue was suspended",
    );
    bench.node.resume_queue(&stuck).await.unwrap();
    let confirmed = timeout(CAST, stuck_casts.join_all()).await;
    for result in confirmed.expect("all casts end once their queue goes on") {
        if let Err(error) = result {
            findings.add(topic("a cast to the stuck queue"), describe(&error));
        }
    }
    transport.close().await;
    stuck_server.stop().await;
    fresh_server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_stuck_queue_slows_no_other() {
    let bench = Bench::start().await;
    let mut findings = Findings::default();
    for is_known in [false, true] {
        calls_beside_a_stuck_queue(&bench, is_known, &mut findings).await;
    }
    findings.none("beside a queue that confirms nothing");
    bench.server.stop().await;
}
