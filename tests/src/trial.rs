//! Checks a property for random cases until `RPC_FUZZ_SECONDS` have passed. A failure prints how to repeat its case.
//!
//! Each case has a seed of its own, counted up from the first. To replay a case, begin with its seed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::time::Instant;

use crate::Seeded;

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
        Err(_) => default,
    }
}

/// How long each trial lasts: `RPC_FUZZ_SECONDS`, or two.
#[must_use]
pub fn duration() -> Duration {
    Duration::from_secs(number("RPC_FUZZ_SECONDS", 2))
}

/// The seed of the first case: `RPC_FUZZ_SEED`, or one.
#[must_use]
pub fn first_seed() -> u64 {
    number("RPC_FUZZ_SEED", 1)
}

/// Makes a case from each seed and checks it, until the time is over.
pub fn run(name: &str, mut make: impl FnMut(&mut Seeded) -> Vec<u8>, mut check: impl FnMut(&[u8])) {
    let (mut seed, mut cases) = (first_seed(), 0_u64);
    let end = Instant::now() + duration();
    // At least some cases run on a slow machine.
    while cases < 100 || Instant::now() < end {
        let case = make(&mut Seeded::new(seed));
        if catch_unwind(AssertUnwindSafe(|| check(&case))).is_err() {
            let shown = case.escape_ascii();
            panic!("{name}: replay with RPC_FUZZ_SEED={seed}; the case was b\"{shown}\"");
        }
        (seed, cases) = (seed.wrapping_add(1), cases + 1);
    }
    println!("{name}: {cases} cases");
}
