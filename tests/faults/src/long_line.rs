//! A line that delays packets of TCP, in a network namespace of a test's own: `python/line.py`.
//!
//! The proxy delays bytes and not packets, so a connection to it is made at once. Tests that depend on TCP's own
//! handshake or retransmissions need late packets.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Result;

/// The variable that tells a test that it runs in a namespace of its own.
const WITHIN: &str = "RPC_TEST_WITHIN_NAMESPACE";
/// Enables the loopback interface and executes the command.
const ENTER: &str = "ip link set lo up && exec \"$@\"";

/// Runs the test of this name again, in a new process with a network namespace of its own. Returns false in that
/// process. A test begins with this call and returns if it is true. It is an error if the namespace cannot be made, or
/// if the test failed in it.
pub async fn ran_in_own_namespace(test: &str) -> Result<bool> {
    if std::env::var_os(WITHIN).is_some() {
        return Ok(false);
    }
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--"])
        .args(["sh", "-c", ENTER, "sh"])
        .arg(std::env::current_exe()?)
        .args([test, "--exact", "--include-ignored", "--nocapture"])
        .env(WITHIN, "1")
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| format!("needs `unshare` (util-linux): {error}"))?;
    let (status, said) = (output.status, String::from_utf8_lossy(&output.stdout));
    println!("{said}");
    // A test that does not exist is no failure of a test program.
    if !status.success() || !said.contains("test result: ok. 1 passed") {
        return Err(format!(
            "{test} failed in a network namespace of its own ({status}); if the output above does not say why, see \
             whether this system permits user namespaces"
        )
        .into());
    }
    Ok(true)
}

/// A line. It is removed when dropped.
#[derive(Debug)]
pub struct LongLine {
    _process: Child,
}

impl LongLine {
    /// A connection to this address goes over the line to the listener at [`LongLine::NEAR`].
    pub const FAR: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 2));
    /// The address to listen at.
    pub const NEAR: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 1));

    /// Makes a line in this network namespace, which must be the test's own. Packets take `delay` in each direction,
    /// and `loss` per cent of them are lost.
    pub async fn start(delay: Duration, loss: u8) -> Result<Self> {
        let python = std::env::var_os("RPC_TEST_PYTHON").ok_or("RPC_TEST_PYTHON is not set")?;
        let mut process = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/line.py"))
            .args([delay.as_millis().to_string(), loss.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = process.stdout.take().ok_or("the line has no output")?;
        match BufReader::new(output).lines().next_line().await? {
            Some(ready) if ready == "ready" => Ok(Self { _process: process }),
            said => {
                Err(format!("the line is not ready: {said:?}; see its own output above").into())
            }
        }
    }
}
