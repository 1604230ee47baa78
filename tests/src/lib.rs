//! Shared code of the tests: the broker that `tests/run` started, Python peers, unique names.
#![expect(
    clippy::missing_panics_doc,
    reason = "a helper of tests panics to fail the test"
)]

pub mod hostile;
pub mod linted;
pub mod mutate;
mod peer;
pub mod queues;
mod seeded;
pub mod seeds;
pub mod trial;
mod vectors;
mod virtual_host;

pub use peer::{Python, Raised, Received};
pub use seeded::Seeded;
pub use vectors::{Captured, captured};
pub use virtual_host::VirtualHost;

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// How long an operation may take before the test fails, unless it is slow on purpose.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("needs tests/run ({name} is not set)"))
}

/// The transport URL of the broker.
#[must_use]
pub fn broker_url() -> String {
    variable("RPC_TEST_RABBIT_URL")
}

/// The port at which the broker speaks TLS, on 127.0.0.1 and localhost.
#[must_use]
pub fn broker_tls_port() -> u16 {
    let port = variable("RPC_TEST_RABBIT_TLS_PORT");
    port.parse().expect("RPC_TEST_RABBIT_TLS_PORT is a port")
}

/// A file of the broker's certificates: `ca.pem`, `client.pem`, `client.key`, `client.p12` (password
/// `rpc`), or `other-ca.pem`, which signed nothing.
#[must_use]
pub fn tls_file(name: &str) -> PathBuf {
    PathBuf::from(variable("RPC_TEST_TLS_DIR")).join(name)
}

/// A host name for the queues with stable names. It is unique to this run.
fn host_name() -> String {
    variable("RPC_TEST_HOST_NAME")
}

/// The Python that has oslo.messaging.
#[must_use]
pub fn python() -> String {
    variable("RPC_TEST_PYTHON")
}

/// The repository.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs `rabbitmqctl` on the broker. Returns its output.
#[must_use]
pub fn rabbitmqctl(arguments: &[&str]) -> String {
    let output = run_rabbitmqctl(arguments).expect("RPC_TEST_RABBITMQCTL can be run");
    assert!(output.status.success(), "rabbitmqctl failed: {output:?}");
    String::from_utf8(output.stdout).expect("rabbitmqctl writes UTF-8")
}

/// The same without a check. It is for `drop`, where the broker may be gone: a panic during a panic would abort all tests
/// of the program.
///
/// # Errors
///
/// The program cannot be run.
pub fn run_rabbitmqctl(arguments: &[&str]) -> std::io::Result<Output> {
    let mut command = Command::new(variable("RPC_TEST_RABBITMQCTL"));
    command.args(arguments).output()
}

/// A topic that no other test has, in this run or in a concurrent one.
#[must_use]
pub fn unique_topic(test: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{test}-{}-{count}", std::process::id())
}

/// The README's code compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[derive(Debug)]
pub struct Readme;

/// The code of the package's README, too.
#[cfg(doctest)]
#[doc = include_str!("../../rpc-runtime/README.md")]
#[derive(Debug)]
pub struct ReadmeOfThePackage;
