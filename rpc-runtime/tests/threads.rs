//! The threads of `rabbit://` transports, and the runtimes that use them.
//!
//! Threads are counted by name, so this test has a process of its own. `tests/run` starts the broker.

#![cfg(all(feature = "rabbit", target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::time::Duration;

use rpc_runtime::{Context, Result, Server, Transport, rpc_client};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

#[rpc_client(topic = "threads", version = "1.0")]
trait Threads {
    async fn twice(&self, ctxt: &Context, number: u32) -> Result<u32>;
}

struct Twice;

impl Threads for Twice {
    async fn twice(&self, _: &Context, number: u32) -> Result<u32> {
        // Handlers run on the runtime on which their server was started.
        let name = std::thread::current().name().map(str::to_owned);
        assert_ne!(name.as_deref(), Some("rpc-rabbit"));
        Ok(number * 2)
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn transport() -> Transport {
    let url = std::env::var("RPC_TEST_RABBIT_URL").expect("RPC_TEST_RABBIT_URL names the broker");
    Transport::new(&url).unwrap()
}

/// The number of threads with the name of the driver's thread or of lapin's.
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| {
        // The thread may have ended since it was listed.
        std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
    });
    names
        .filter(|name| ["rpc-rabbit", "lapin-io-loop"].contains(&name.trim_end()))
        .count()
}

fn until_no_thread_is_left(after: &str) {
    let since = Instant::now();
    while threads() > 0 {
        assert!(
            since.elapsed() < Duration::from_secs(10),
            "{} threads after {after}",
            threads()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

async fn serve(transport: &Transport) -> Server {
    let server = Server::builder(transport, "s").endpoint(ThreadsEndpoint::new(Twice));
    server.start().await.unwrap()
}

/// This is the only test in the file. Others would have threads with the same names.
#[test]
#[ignore = "needs RabbitMQ: tests/run"]
fn threads_start_with_the_first_use_and_end_with_the_last() {
    let context = Context::new();

    // Several runtimes use one transport in turn. The driver's thread belongs to none of them.
    let shared = transport();
    assert_eq!(threads(), 0, "nothing was used yet");
    let servers = transport();
    let serving = runtime();
    let server = serving.block_on(serve(&servers));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = std::thread::spawn(move || {
        serving.block_on(async {
            stopped.await.unwrap();
            server.stop().await;
            servers.close().await;
        });
    });
    for number in 0..3 {
        // Each runtime ends with a call in flight, which is either being published or waiting for its reply.
        runtime().block_on(async {
            let client = ThreadsClient::new(&shared);
            assert_eq!(client.twice(&context, number).await.unwrap(), number * 2);
            let lost = client.clone();
            let context = context.clone();
            tokio::spawn(async move { lost.twice(&context, 0).await });
            tokio::task::yield_now().await;
        });
    }
    assert_eq!(threads(), 6, "one for each transport, and two of lapin's");
    runtime().block_on(shared.close());
    stop.send(()).unwrap();
    serving.join().unwrap();
    until_no_thread_is_left("close");
    drop(shared);

    // The transport is dropped while a server still listens.
    runtime().block_on(async {
        let transport = transport();
        let server = serve(&transport).await;
        let client = ThreadsClient::new(&transport);
        client.twice(&context, 1).await.unwrap();
        drop((client, server, transport));
    });
    until_no_thread_is_left("drop");

    // The transport is dropped outside any runtime, while it dials.
    let dialling = Transport::new("rabbit://u:p@127.0.0.1:9/").unwrap();
    runtime().block_on(async {
        let client = ThreadsClient::new(&dialling);
        let call = client.twice(&context, 1).timeout(Duration::from_millis(50));
        call.await.unwrap_err();
    });
    assert_eq!(threads(), 1);
    drop(dialling);
    until_no_thread_is_left("drop while dialling");
}
