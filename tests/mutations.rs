//! Malformed bytes cause no panic: captured messages are changed at random and read by each reader.
//!
//! These are the fuzz targets on the stable toolchain, for a few seconds. `RPC_FUZZ_SECONDS` is the time of each trial.
//! A failure of a trial prints the `RPC_FUZZ_SEED` that replays it. A failure of `servers` prints the requests, and a
//! failure of a test in `values` prints proptest's seed.

mod script;
#[path = "mutations/server.rs"]
mod server;
#[path = "mutations/values.rs"]
mod values;

use rpc_tests::{hostile, mutate, seeds, trial};

#[test]
fn requests() {
    let messages = mutate::Messages::new(seeds::messages());
    let make = |random: &mut _| messages.changed(random);
    trial::run("requests", make, hostile::request);
}

#[test]
fn replies() {
    let messages = mutate::Messages::new(seeds::messages());
    let make = |random: &mut _| messages.changed(random);
    trial::run("replies", make, hostile::reply);
}

#[test]
fn contexts() {
    let seeds = seeds::messages();
    let make = |random: &mut _| mutate::bytes(random, &seeds);
    trial::run("contexts", make, hostile::context);
}

#[tokio::test]
async fn transport_urls() {
    let seeds = seeds::transport_urls();
    let make = |random: &mut _| mutate::bytes(random, &seeds);
    trial::run("transport URLs", make, hostile::transport_url);
}
