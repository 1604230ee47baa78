//! Calls within one process: `cargo bench -p rpc-bench --bench in_process`. This library serialises both ways, tarpc
//! does not serialise.

#![allow(dead_code, reason = "the load program does more with these")]

use divan::Bencher;
use divan::counter::ItemsCount;
use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};

#[path = "../src/load.rs"]
mod load;
#[path = "../src/ours.rs"]
mod ours;
#[path = "../src/peer.rs"]
mod peer;
#[path = "../src/tarpc_echo.rs"]
mod tarpc_echo;

use load::Client;

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

const CALLERS: [usize; 2] = [1, 64];

fn main() {
    divan::main();
}

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
}

/// One call of each caller, all in flight at once.
fn bench(bencher: Bencher<'_, '_>, runtime: &Runtime, client: &impl Client, callers: usize) {
    let text = load::argument(load::BYTES);
    let bencher = bencher.counter(ItemsCount::new(callers));
    bencher.bench_local(|| {
        let calls = (0..callers).map(|_| client.call(&text));
        for length in runtime.block_on(join_all(calls)) {
            assert_eq!(length.expect("a reply"), load::BYTES);
        }
    });
}

#[divan::bench(args = CALLERS)]
fn memory(bencher: Bencher<'_, '_>, callers: usize) {
    let runtime = runtime();
    let (server, client) = runtime.block_on(ours::pair()).expect("a server");
    bench(bencher, &runtime, &client, callers);
    runtime.block_on(server.stop());
}

#[divan::bench(args = CALLERS)]
fn tarpc(bencher: Bencher<'_, '_>, callers: usize) {
    let runtime = runtime();
    let client = runtime.block_on(async { tarpc_echo::pair() });
    bench(bencher, &runtime, &client, callers);
}
