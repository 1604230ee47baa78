//! A peer's process, as the driver sees it. The driver starts it, sends lines to it and reads lines from it.
//!
//! A thread reads the lines, so that the driver can give up on a peer that prints nothing. A run must end, and name the
//! peer that failed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{sleep, spawn};
use std::time::Duration;

use tokio::time::Instant;

use crate::contender::{Contender, Place};
use crate::{Result, cpu};

/// How long a peer may take for a line. It exceeds the time of a load plus the timeout of a call.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long it may take to end.
const FAREWELL: Duration = Duration::from_secs(5);

/// A process with the protocol of [`mod@crate::peer`].
pub(crate) struct Process {
    /// The name for messages.
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Process {
    /// Starts one of a contender's processes, and does not wait for it.
    pub(crate) fn spawn(contender: &Contender, role: &str, address: &str) -> Result<Self> {
        let mut command = if contender.place == Place::Python {
            let mut command = Command::new(std::env::var("RPC_TEST_PYTHON")?);
            // Python warns of deprecations.
            command.args(["-W", "ignore"]);
            command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/oslo_peer.py"));
            command
        } else {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("peer");
            command
        };
        command.arg(role).arg(contender.name).arg(address);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("a peer without an output")?;
        let (said, lines) = channel();
        spawn(move || {
            let mut output = BufReader::new(output).lines();
            while let Some(Ok(line)) = output.next() {
                if said.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            name: format!("the {role} of {}", contender.name),
            child,
            input,
            lines,
        })
    }

    /// Waits until it is ready. Returns its address.
    pub(crate) fn ready(&mut self) -> Result<String> {
        let said = self.line()?;
        let address = said.strip_prefix("ready ");
        Ok(address
            .ok_or_else(|| format!("{} is not ready: {said}", self.name))?
            .to_owned())
    }

    pub(crate) fn ask<const N: usize>(&mut self, line: &str) -> Result<[f64; N]> {
        self.tell(line)?;
        self.figures()
    }

    pub(crate) fn tell(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().ok_or("a peer without an input")?;
        writeln!(input, "{line}").map_err(|error| format!("{}: {error}", self.name).into())
    }

    fn line(&mut self) -> Result<String> {
        let line = self.lines.recv_timeout(PATIENCE);
        line.map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                format!("{} has said nothing for {PATIENCE:?}", self.name).into()
            }
            RecvTimeoutError::Disconnected => format!("{} has ended", self.name).into(),
        })
    }

    /// Reads the figures of its next line.
    pub(crate) fn figures<const N: usize>(&mut self) -> Result<[f64; N]> {
        let line = self.line()?;
        let figures: Vec<f64> = line
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("{} said {line:?}: {error}", self.name))?;
        let count = figures.len();
        Ok(figures
            .try_into()
            .map_err(|_| format!("{} said {count} figures in place of {N}", self.name))?)
    }

    /// The CPU seconds that it has used.
    pub(crate) fn cpu(&self) -> Result<f64> {
        cpu::seconds(self.child.id())
    }

    /// Ends it. A peer ends when its input does. A peer that does not end is killed.
    pub(crate) fn stop(&mut self) {
        self.input = None;
        let deadline = Instant::now() + FAREWELL;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}
