//! A runtime or a process that lacks something causes an error, and no panic.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::time::Duration;

use rpc_runtime::{
    CallOptions, Context, Error, Result, RpcClient, Server, Target, Transport, args,
};
use tokio::runtime::Builder;

/// Polls a future on this thread, without any runtime.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
        std::thread::park();
    }
}

/// The results of a call, a cast and the start of a server.
async fn attempts(url: &str) -> [Result<()>; 3] {
    let transport = Transport::new(url).unwrap();
    let client = RpcClient::new(&transport, Target::new("runtimes"));
    let client = client.prepare(CallOptions::new().timeout(Duration::from_millis(10)));
    let ctxt = Context::new();
    [
        client.call(&ctxt, "m", args! {}).await,
        client.cast(&ctxt, "m", args! {}).await,
        Server::builder(&transport, "s")
            .topic("runtimes")
            .ping(true)
            .start()
            .await
            .map(drop),
    ]
}

const URLS: [&str; 2] = ["memory://", "rabbit://me:secret@127.0.0.1:1/"];

#[test]
fn without_a_runtime_the_error_says_what_to_do() {
    for url in URLS {
        for result in block_on(attempts(url)) {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::Config(_)), "{url}: {error}");
            assert!(error.to_string().contains("tokio::main"), "{url}: {error}");
        }
    }
}

#[test]
fn without_timers_the_error_says_what_to_enable() {
    let runtime = Builder::new_current_thread().build().unwrap();
    for url in URLS {
        for result in runtime.block_on(attempts(url)) {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::Config(_)), "{url}: {error}");
            assert!(error.to_string().contains("enable_time"), "{url}: {error}");
        }
    }
}

#[test]
fn io_need_not_be_enabled() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let client = |url: &str| {
        let client = RpcClient::new(&Transport::new(url).unwrap(), Target::new("runtimes"));
        client.prepare(CallOptions::new().timeout(Duration::from_millis(100)))
    };
    for url in URLS {
        let called = client(url);
        let called =
            runtime.block_on(async { called.call::<()>(&Context::new(), "m", args! {}).await });
        let error = called.unwrap_err();
        assert!(!matches!(error, Error::Config(_)), "{url}: {error}");
    }
}

/// The test runs itself again in a child process, which limits its own address space, so that there is no
/// memory for the stack of another thread.
#[cfg(all(target_os = "linux", feature = "rabbit"))]
#[test]
fn a_process_that_cannot_start_a_thread_gets_an_error() {
    const CHILD: &str = "RPC_TEST_WITHOUT_THREADS";
    if std::env::var_os(CHILD).is_none() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_process_that_cannot_start_a_thread_gets_an_error",
            ])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        return;
    }
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kilobytes: u64 = size
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    // One mebibyte is left. The stack of a thread needs two.
    let limit = (kilobytes + 1024) * 1024;
    let limited = std::process::Command::new("prlimit")
        .args([
            "--pid",
            &std::process::id().to_string(),
            &format!("--as={limit}"),
        ])
        .status();
    assert!(limited.unwrap().success());
    for result in runtime.block_on(attempts("rabbit://me:secret@127.0.0.1:1/")) {
        let error = result.unwrap_err().to_string();
        assert!(error.contains("cannot start a thread"), "{error}");
        assert!(error.contains("limit") && !error.contains("ssl"), "{error}");
    }
}
