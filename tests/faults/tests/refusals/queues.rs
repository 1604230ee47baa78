//! Queues that take nothing: a full one, which rejects messages, and a stuck one, which never confirms.

use rpc_runtime::Context;
use rpc_runtime::transport::DEFAULT_EXCHANGE;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use rpc_faults::testing::PATIENCE;

use crate::bench::{AT_ONCE, Bench, CAST, call, cast, client, send, serve};
use crate::findings::{Ended, Findings, describe};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_full_queue_is_an_error_at_once() {
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
    bench.stop().await;
}

/// Makes casts to a queue that never confirms, and meanwhile calls to other queues.
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
    for result in confirmed.expect("all casts end when their queue is resumed") {
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
async fn a_stuck_queue_delays_no_other() {
    let bench = Bench::start().await;
    let mut findings = Findings::default();
    for is_known in [false, true] {
        calls_beside_a_stuck_queue(&bench, is_known, &mut findings).await;
    }
    findings.none("beside a queue that confirms nothing");
    bench.stop().await;
}
