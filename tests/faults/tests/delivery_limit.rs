//! From RabbitMQ 4.0 on, a quorum queue drops a message that came back to it twenty times. Servers whose connections
//! are cut, or that crash repeatedly, must not lose requests by that.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::sync::Arc;

use rpc_faults::cluster::QUORUM;
use rpc_faults::ledger::{Ends, Ledger, Outcome};
use rpc_faults::program::Program;
use rpc_faults::proxy::{End, Proxy};
use rpc_faults::servers::{Recipe, ServerProcess};
use rpc_faults::testing::{self, PATIENCE, until};
use rpc_runtime::transport::DEFAULT_EXCHANGE;
use rpc_runtime::{
    CallOptions, Context, Result, RpcClient, Server, Target, Transport, args, rpc_client,
};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

/// The topic of all servers here.
const TOPIC: &str = "limited";

#[rpc_client(topic = "limited", version = "1.0")]
trait Hold {
    /// Reports its number, and ends when the test lets it.
    #[rpc(cast)]
    async fn hold(&self, ctxt: &Context, number: u32) -> Result<()>;
}

struct Holder {
    begun: mpsc::UnboundedSender<u32>,
    may_end: watch::Receiver<bool>,
}

impl Hold for Holder {
    async fn hold(&self, _: &Context, number: u32) -> Result<()> {
        self.begun.send(number).unwrap();
        // The sender is dropped if the test has failed.
        let _ = self.may_end.clone().wait_for(|may| *may).await;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn waiting_requests_survive_any_number_of_resets() {
    const PERMITS: u32 = 8;
    const ALL: u32 = PERMITS + 20;
    const RESETS: usize = 25;
    let node = testing::shared_node("").await;
    let proxy = Proxy::start(node.address()).await.unwrap();
    // The queue for fanouts is a classic queue. When it has its consumer, all queues have theirs.
    let serving = format!(
        "rabbit://rpc:rpc@{}/?rabbit_quorum_queue=true",
        proxy.address()
    );
    let serving = Transport::new(&serving).unwrap();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let (end_all, may_end) = watch::channel(false);
    let server = Server::builder(&serving, "one")
        .concurrency(PERMITS as usize)
        .endpoint(HoldEndpoint::new(Holder { begun, may_end }));
    let server = timeout(PATIENCE, server.start()).await.unwrap().unwrap();
    node.keep_dropped(TOPIC).await.unwrap();

    let calling = Transport::new(&node.url("rabbit_quorum_queue=true")).unwrap();
    let client = HoldClient::new(&calling);
    let mut ran = Vec::new();
    for number in 0..ALL {
        client.hold(&Context::new(), number).await.unwrap();
        if number < PERMITS {
            ran.push(timeout(PATIENCE, begins.recv()).await.unwrap().unwrap());
        }
    }
    let held = "what no permit covers is with the broker";
    until(held, async || {
        node.unacknowledged(TOPIC).await.unwrap() == 0
            && node.ready_messages(TOPIC).await.unwrap() == (ALL - PERMITS) as usize
    })
    .await;

    for _ in 0..RESETS {
        let old = node.connections().await.unwrap();
        proxy.end(End::Reset);
        until("the server is back", async || {
            let new = node.connections().await.unwrap();
            let replaced = new.iter().filter(|port| !old.contains(port)).count();
            // The caller's connection stays open.
            replaced >= 1
                && new.len() == replaced + 1
                && node.consumers("limited_fanout_").await.unwrap() == 1
        })
        .await;
    }
    end_all.send_replace(true);
    while ran.len() < ALL as usize {
        let Ok(begun) = timeout(PATIENCE, begins.recv()).await else {
            break;
        };
        ran.push(begun.unwrap());
    }
    let dropped = node.ready_messages("dropped").await.unwrap();
    ran.sort_unstable();
    let lost: Vec<u32> = (0..ALL).filter(|number| !ran.contains(number)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}; {dropped} were dropped");
    assert_eq!(ran, (0..ALL).collect::<Vec<_>>());
    calling.close().await;
    server.stop().await;
    serving.close().await;
}

/// A server crashes repeatedly, beside two that work. Only requests that it had taken may be lost.
async fn crash_loop(name: &str, options: &str) {
    const CRASHES: u32 = 50;
    /// The number of requests that are cast before each crash: more than the servers run meanwhile.
    const REQUESTS: u64 = 100;
    /// The number of requests that the crashing server may run at once.
    const CONCURRENCY: usize = 8;
    let node = testing::shared_node("").await;
    let ledger = Arc::new(Ledger::open(PATIENCE, 0, Ends::OURS));
    let recipe = |concurrency| Recipe {
        program: Program::ours(env!("CARGO_BIN_EXE_ledger-server").into()),
        url: node.url(options),
        exchange: DEFAULT_EXCHANGE.to_owned(),
        topic: TOPIC.to_owned(),
        concurrency,
    };
    let mut healthy = Vec::new();
    for id in 0..2 {
        let name = format!("healthy-{id}");
        let mut server = ServerProcess::spawn(&recipe(2), &name, id, ledger.clone()).unwrap();
        server.ready().await.unwrap();
        healthy.push(server);
    }
    node.keep_dropped(TOPIC).await.unwrap();

    let calling = Transport::new(&node.url(options)).unwrap();
    let target = Target::new(TOPIC).exchange(DEFAULT_EXCHANGE);
    let client = RpcClient::new(&calling, target);
    let client = client.prepare(CallOptions::new().version((1, 0)));
    let mut accepted = 0_u64;
    for crash in 0..CRASHES {
        for _ in 0..REQUESTS {
            let work = args! { number: accepted, millis: 20 };
            ledger.sent_as(accepted, false);
            client.cast(&Context::new(), "work", work).await.unwrap();
            ledger.ended(accepted, Outcome::Ok);
            accepted += 1;
        }
        let id = 2 + crash;
        let mut crashing =
            ServerProcess::spawn(&recipe(CONCURRENCY), "crashing", id, ledger.clone()).unwrap();
        crashing.ready().await.unwrap();
        // Every other server is killed as soon as it is ready, while it takes its first requests.
        if crash % 2 == 0 {
            until("it takes", async || ledger.begun_by(id) > 0).await;
        }
        let from = Instant::now();
        crashing.kill().await.unwrap();
        ledger.server_killed(id, CONCURRENCY, from);
    }
    until("all is run", async || {
        node.ready_messages(TOPIC).await.unwrap() == 0
            && node.unacknowledged(TOPIC).await.unwrap() == 0
    })
    .await;
    for server in healthy {
        assert!(server.stop().await.unwrap());
    }
    calling.close().await;
    assert_eq!(node.ready_messages("dropped").await.unwrap(), 0, "dropped");
    let balance = ledger.balance();
    let lost: u64 = balance.excused.values().sum();
    println!("{name}: of {accepted} casts, {lost} were taken by crashed servers and not begun");
    assert!(balance.balances(), "{}", balance.stories.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_crashing_server_loses_only_taken_requests_of_quorum_queues() {
    crash_loop("quorum", QUORUM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_crashing_server_loses_only_taken_requests_of_durable_queues() {
    crash_loop("durable", "amqp_durable_queues=true").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_crashing_server_loses_only_taken_requests_of_transient_queues() {
    crash_loop("transient", "").await;
}
