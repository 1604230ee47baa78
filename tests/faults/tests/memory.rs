//! Lost connections leave nothing in memory.
//!
//! The test has a program of its own, since it counts all allocations of the process.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::path::Path;
use std::time::Duration;

use rpc_faults::heap::{self, Heap};
use rpc_faults::proxy::{End, Proxy};
use rpc_faults::servers::memory;
use rpc_faults::testing::{self, PATIENCE};
use rpc_runtime::{CallOptions, RpcClient, Server, Target, Transport, args};
use tokio::time::{sleep, timeout};

#[global_allocator]
static ALLOCATOR: &heap::Counted = &heap::COUNTED;

/// The number of cuts of all connections.
const CUTS: usize = 60;
/// The number of cuts between two samples.
const EACH: usize = 20;
/// The number of additional blocks if each cut after the first sample left one.
const PIECES: usize = CUTS - EACH;
/// The allowed growth, for the identities of requests that a server remembers. A leaked connection would have 8 MB.
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
    let mut node = testing::node("node").await;
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
