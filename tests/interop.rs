//! Calls between this library and `oslo.messaging` over `RabbitMQ`, in both directions.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, outside the test functions themselves"
)]
#![allow(
    clippy::many_single_char_names,
    clippy::too_many_arguments,
    reason = "`echo_kw` has the arguments that the captured request has"
)]

#[path = "interop/compression.rs"]
mod compression;
#[path = "interop/failures.rs"]
mod failures;
#[path = "interop/mixed.rs"]
mod mixed;
#[path = "interop/monitor.rs"]
mod monitor;
#[path = "interop/peer.rs"]
mod peer;
#[path = "interop/python_calls_rust.rs"]
mod python_calls_rust;
#[path = "interop/queue_types.rs"]
mod queue_types;
#[path = "interop/rust_calls_python.rs"]
mod rust_calls_python;
#[path = "interop/size.rs"]
mod size;
#[path = "interop/unicode.rs"]
mod unicode;
