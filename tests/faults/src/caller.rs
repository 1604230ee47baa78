//! A client in a process of its own: `src/bin/caller.rs`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::Result;
use crate::process::Signal;

/// How long the process may take for an order.
const PATIENCE: Duration = Duration::from_secs(60);

/// The process, in a process group of its own; it is killed when dropped.
#[derive(Debug)]
pub struct Caller {
    group: u32,
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// The results of one order.
#[derive(Debug, Default)]
pub struct Tally {
    /// The number of requests that succeeded.
    pub succeeded: usize,
    /// The errors of the requests that failed.
    pub failures: Vec<String>,
}

impl Caller {
    /// Starts the program `caller` as a client of the topic's [echo servers](crate::echo).
    pub fn spawn(program: &Path, url: &str, topic: &str) -> Result<Self> {
        let mut process = Command::new(program)
            .args([url, topic])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = process.id().ok_or("the caller has ended")?;
        let input = process.stdin.take().ok_or("the caller has no input")?;
        let output = process.stdout.take().ok_or("the caller has no output")?;
        Ok(Self {
            group,
            _process: process,
            input,
            output: BufReader::new(output).lines(),
        })
    }

    /// Tells it to make `calls` calls, all at once.
    pub async fn call(&mut self, calls: usize) -> Result<()> {
        self.tell(&format!("call {calls}")).await
    }

    /// Tells it to cast, without a pause, until [`Caller::enough`]. Waits for the first cast to succeed.
    pub async fn load(&mut self) -> Result<()> {
        self.tell("load").await?;
        match self.line().await?.as_str() {
            "loading" => Ok(()),
            other => Err(format!("the caller begins no load: {other}").into()),
        }
    }

    /// Tells it to end the load.
    pub async fn enough(&mut self) -> Result<()> {
        self.tell("enough").await
    }

    /// Waits until the requests of the last order have ended.
    pub async fn tally(&mut self) -> Result<Tally> {
        let mut tally = Tally::default();
        loop {
            let line = self.line().await?;
            match line.split_once(' ') {
                Some(("failed", error)) => tally.failures.push(error.to_owned()),
                Some(("succeeded", number)) => {
                    tally.succeeded = number.parse()?;
                    return Ok(tally);
                }
                _ => return Err(format!("the caller says: {line}").into()),
            }
        }
    }

    /// Suspends it by SIGSTOP.
    pub fn pause(&self) -> Result<()> {
        Signal::Stop.to_group(self.group)
    }

    /// Resumes it after [`Caller::pause`].
    pub fn resume(&self) -> Result<()> {
        Signal::Continue.to_group(self.group)
    }

    async fn tell(&mut self, order: &str) -> Result<()> {
        Ok(self
            .input
            .write_all(format!("{order}\n").as_bytes())
            .await?)
    }

    async fn line(&mut self) -> Result<String> {
        let line = timeout(PATIENCE, self.output.next_line()).await;
        let line = line.map_err(|_| format!("the caller says nothing for {PATIENCE:?}"))??;
        line.ok_or_else(|| "the caller has ended".into())
    }
}
