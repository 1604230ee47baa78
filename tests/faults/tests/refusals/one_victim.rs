//! A refused message fails alone: the messages around it succeed, and the connections stay open.

use rpc_faults::echo::EchoClient;
use rpc_faults::orders::Permissions;
use rpc_runtime::{CallOptions, Context, Error, Result, Transport};
use tokio::task::{JoinHandle, JoinSet};

use crate::bench::{
    AT_ONCE, Bench, CAST, Session, TOO_LARGE, call, cast, client, client_at, send, serve,
};
use crate::findings::{Ended, Findings, describe, names_sizes};

/// Sends 100 calls and 100 casts of one byte at once, and the offender in the middle. Half of the casts have a route that
/// was not used before. Returns the outcome of the offender.
async fn among_good_ones(
    session: &mut Session<'_>,
    round: usize,
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
        let good = session.good.clone();
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
        session.findings.succeeded(what, &ended, CAST);
    }
    offending.unwrap().await.unwrap()
}

/// A request that the broker refuses.
struct Offender {
    client: EchoClient,
    is_call: bool,
    bytes: usize,
}

/// The number of rounds of a test. Each round has new connections.
const ROUNDS: usize = 10;

/// Sends an offender among good messages, in [`ROUNDS`] rounds. `offend` prepares the offender of a round on a transport.
/// `judge` checks its outcome.
async fn fails_alone(
    bench: Bench,
    user: &str,
    offend: impl AsyncFn(&Bench, &Transport, usize) -> Offender,
    judge: impl Fn(&mut Findings, &Ended),
) {
    let mut findings = Findings::default();
    for round in 0..ROUNDS {
        let mut session = Session::start(&bench, bench.transport(user)).await;
        let Offender {
            client,
            is_call,
            bytes,
        } = offend(&bench, &session.transport, round).await;
        let offender = async move { send(&client, is_call, bytes).await };
        let offender = among_good_ones(&mut session, round, offender).await;
        judge(&mut session.findings, &offender);
        findings.extend(session.end().await);
    }
    findings.none("beside 200 good messages");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_message_that_is_too_large_fails_alone() {
    let bench = Bench::start().await;
    let offend = async |_: &Bench, transport: &Transport, round| {
        // By a known route, or by a new one.
        let topic = if round % 2 == 0 { "good" } else { "another" };
        Offender {
            client: client(transport, topic),
            is_call: round % 4 < 2,
            bytes: TOO_LARGE,
        }
    };
    fails_alone(bench, "rpc", offend, |findings, offender| {
        findings.was_too_large("the large message", offender);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_message_without_permission_fails_alone() {
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
    fails_alone(bench, "limited", offend, |findings, offender| {
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
async fn a_message_to_a_full_queue_fails_alone() {
    let bench = Bench::start().await;
    bench.fill_queue("narrow").await;
    let offend = async |_: &Bench, transport: &Transport, round| Offender {
        client: client(transport, "narrow"),
        is_call: round % 2 == 0,
        bytes: 1,
    };
    fails_alone(bench, "rpc", offend, |findings, offender| {
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
async fn a_message_to_a_missing_exchange_fails_alone() {
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
    fails_alone(bench, "rpc", offend, |findings, offender| {
        // The exchange is declared again, and the server binds its queue again.
        if !matches!(offender.result, Err(Error::Undeliverable { .. })) {
            findings.succeeded("the message to the missing exchange", offender, CAST);
        }
    })
    .await;
    doomed.stop().await;
}

/// Adds a finding unless the caller of a too large reply got the reason at once.
fn had_large_reply(findings: &mut Findings, ended: &Ended) {
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
    let mut session = Session::start(&bench, bench.transport("rpc")).await;
    for round in 0..3 {
        let client = session.good.clone();
        // In the first round, the server does not know the limit yet.
        let make = async move { client.make(&Context::new(), TOO_LARGE).await.map(drop) };
        let large = among_good_ones(&mut session, round, make).await;
        had_large_reply(&mut session.findings, &large);
        let make = async { session.good.make(&Context::new(), 1).await.map(drop) };
        let small = Ended::of(make).await;
        session
            .findings
            .succeeded("the call after it", &small, AT_ONCE);
    }
    let findings = session.end().await;
    findings.none("a server with replies that are too large");
    bench.stop().await;
}
