//! The wire codec, with messages of oslo.messaging, with hostile bytes, and with Python.
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
