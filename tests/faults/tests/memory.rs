//! What connections leave behind in memory when they are lost: nothing.
//!
//! A program of its own, with one test: it counts all that the process allocates.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rpc_faults::ground::Ground;
use rpc_faults::heap::{self, Heap};
use rpc_faults::node::Node;
use rpc_faults::proxy::{End, Proxy};
use rpc_faults::servers::memory;
use rpc_runtime::{CallOptions, RpcClient, Server, Target, Transport, args};
use tokio::time::{sleep, timeout};

#[global_allocator]
static ALLOCATOR: &heap::Counted = &heap::COUNTED;

const PATIENCE: Duration = Duration::from_secs(60);
/// How often all connections are cut.
const CUTS: usize = 60;
/// After how many of them is looked, each time.
const EACH: usize = 20;
/// How many pieces more there would be if one were left at each cut after the first look.
const PIECES: usize = CUTS - EACH;
/// For what a server remembers of its requests. A connection has 8 MB.
const SLACK: usize = 64 * 1024;

async fn pinged(client: &RpcClient) {
    let quick = client.prepare(CallOptions::new().timeout(Duration::from_millis(500)));
    let answered = async {
        while quick
            .call::<String>(&(), "oslo_rpc_server_ping", args! {})
            .await
            .is_err()
        {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, answered).await.expect("it is answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn lost_connections_leave_nothing_in_memory() {
    let scripts = std::env::var_os("RPC_TEST_RABBITMQ_BIN")
        .expect("needs RabbitMQ: tests/run (RPC_TEST_RABBITMQ_BIN is not set)");
    let ground = Arc::new(Ground::prepare(PathBuf::from(scripts)).await.unwrap());
    let mut node = Node::start(&ground, "node").await.unwrap();
    let proxy = Proxy::start(node.address()).await.unwrap();
    let transport = Transport::new(&format!("rabbit://rpc:rpc@{}/", proxy.address())).unwrap();
    let builder = Server::builder(&transport, "one").topic("pings").ping(true);
    let server = timeout(PATIENCE, builder.start()).await.unwrap().unwrap();
    let client = RpcClient::new(&transport, Target::new("pings"));

    let mut first = None;
    for cut in 1..=CUTS {
        pinged(&client).await;
        proxy.end(End::Reset);
        if cut % EACH > 0 {
            continue;
        }
        pinged(&client).await;
        let heap = Heap::at_rest().await.unwrap();
        let resident = memory(Path::new("/proc/self"));
        println!("after {cut} cuts: {heap}; {resident} KiB resident");
        let first = *first.get_or_insert(heap);
        assert!(
            heap.bytes < first.bytes + SLACK && heap.blocks < first.blocks + PIECES,
            "{first} after {EACH} cuts, {heap} after {cut}"
        );
    }
    server.stop().await;
    transport.close().await;
    node.stop().await.unwrap();
}
