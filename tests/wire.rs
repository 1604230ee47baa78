//! The wire codec against what oslo.messaging sent, against hostile bytes, and against Python.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, outside the test functions themselves"
)]

#[path = "wire/hostile.rs"]
mod hostile;
#[path = "wire/random.rs"]
mod random;
#[path = "wire/vectors.rs"]
mod vectors;
#[path = "wire/versions.rs"]
mod versions;
