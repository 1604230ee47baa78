//! Messages that are too large: each fails at once, and the client learns the limit.

use std::time::Duration;

use rpc_faults::proxy::{Direction, Flow, Proxy};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::bench::{
    AT_ONCE, Bench, CALL, ENVELOPE, LIMIT, Session, TOO_LARGE, call, send, transport,
};
use crate::findings::Ended;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn the_call_after_a_message_that_is_too_large_succeeds() {
    const ROUNDS: usize = 40;
    let bench = Bench::start().await;
    let mut session = Session::start(&bench, bench.transport("rpc")).await;
    let mut failed = 0;
    for _ in 0..ROUNDS {
        let large = Ended::of(call(&session.good, TOO_LARGE)).await;
        session.findings.was_too_large("the large call", &large);
        let small = Ended::of(call(&session.good, 1)).await;
        failed += usize::from(small.result.is_err());
        session
            .findings
            .succeeded("the call after it", &small, AT_ONCE);
    }
    let findings = session.end().await;
    findings.none(&format!("{failed} of {ROUNDS} small calls failed"));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn of_many_messages_at_once_those_that_are_too_large_fail() {
    const MESSAGES: usize = 400;
    const TOGETHER: Duration = Duration::from_secs(5);
    let bench = Bench::start().await;
    let proxy = Proxy::start(bench.node.address()).await.unwrap();
    let by_proxy = transport(&format!("rabbit://rpc:rpc@{}/", proxy.address()));
    let mut session = Session::start(&bench, by_proxy).await;
    let mut tasks = JoinSet::new();
    for number in 0..MESSAGES {
        let client = session.good.clone();
        tasks.spawn(async move {
            // Two calls and two casts are too large.
            let is_large = number % 100 == 50;
            let is_call = (number / 100 + number) % 2 == 0;
            let bytes = if is_large { TOO_LARGE } else { 1 };
            let ended = Ended::of(send(&client, is_call, bytes)).await;
            let what = if is_call { "call" } else { "cast" };
            (is_large, what, ended)
        });
    }
    let findings = &mut session.findings;
    for (is_large, what, ended) in tasks.join_all().await {
        if is_large {
            findings.was_too_large(&format!("a large {what}"), &ended);
        } else {
            findings.succeeded(format!("a small {what}"), &ended, TOGETHER);
        }
        let in_time = ended.took <= TOGETHER;
        findings.check("all of them", in_time, format!("took {:.1?}", ended.took));
    }

    // The client knows the limit now, so it need not send the message. It cannot, since the proxy holds everything.
    proxy.flow(Direction::Up, Flow::Hold);
    for is_call in [true, false] {
        let ended = Ended::of(send(&session.good, is_call, TOO_LARGE));
        match timeout(AT_ONCE, ended).await {
            Ok(ended) => findings.was_too_large("a message above the known limit", &ended),
            Err(_) => findings.add("a message above the known limit", "was sent"),
        }
    }
    proxy.heal();
    let allowed = Ended::of(call(&session.good, LIMIT - ENVELOPE)).await;
    findings.succeeded("a message just below the limit", &allowed, CALL);
    let findings = session.end().await;
    findings.none("of 400 messages, 4 of them too large");
    bench.stop().await;
}
