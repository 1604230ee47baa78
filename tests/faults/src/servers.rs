//! The servers. They are processes of their own, so that they can be killed, and they report the requests that they
//! run.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::Result;
use crate::ledger::Ledger;
use crate::program::Program;

/// How long a server may take to listen, or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// How to start a server. The program must have the protocol of `ledger-server`.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The program.
    pub program: Program,
    /// The transport URL.
    pub url: String,
    /// The exchange.
    pub exchange: String,
    /// The topic.
    pub topic: String,
    /// The number of requests that may run at once.
    pub concurrency: usize,
}

/// A server's process. It is killed when dropped.
#[derive(Debug)]
pub struct ServerProcess {
    id: u32,
    name: String,
    process: Child,
    input: Option<ChildStdin>,
    ready: watch::Receiver<bool>,
    reading: JoinHandle<()>,
}

impl ServerProcess {
    /// Starts the server `name`. The ledger records its requests under `id`.
    pub fn spawn(recipe: &Recipe, name: &str, id: u32, ledger: Arc<Ledger>) -> Result<Self> {
        let mut process = recipe
            .program
            .command()
            .args([&recipe.url, &recipe.exchange, &recipe.topic])
            .args([name, &recipe.concurrency.to_string()])
            .spawn()?;
        let input = process.stdin.take();
        let output = process.stdout.take().ok_or("a server has no output")?;
        let (say_ready, ready) = watch::channel(false);
        let reading = tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                match line
                    .split_once(' ')
                    .map(|(what, number)| (what, number.parse()))
                {
                    Some(("begun", Ok(number))) => ledger.begun(number, id),
                    Some(("done", Ok(number))) => ledger.done(number, id),
                    Some(("doubted", Ok(number))) => ledger.doubted(number, id),
                    _ => drop(say_ready.send(line == "ready")),
                }
            }
        });
        Ok(Self {
            id,
            name: name.to_owned(),
            process,
            input,
            ready,
            reading,
        })
    }

    /// Its id in the ledger.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its name among the servers of its topic.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits until it listens.
    pub async fn ready(&mut self) -> Result<()> {
        match timeout(PATIENCE, self.ready.wait_for(|ready| *ready)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err("a server ended before it was ready".into()),
            Err(_) => Err("a server does not get ready".into()),
        }
    }

    /// Kills it, and reads its remaining reports.
    pub async fn kill(mut self) -> Result<()> {
        self.process.kill().await?;
        self.reading.await?;
        Ok(())
    }

    /// Stops it in an orderly way. If it does not stop, it is killed.
    pub async fn stop(mut self) -> Result<bool> {
        drop(self.input.take());
        let orderly = timeout(PATIENCE, self.process.wait()).await.is_ok();
        self.process.kill().await?;
        self.reading.await?;
        Ok(orderly)
    }

    /// Its memory, in KiB.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let process = self.process.id().unwrap_or_default();
        memory(Path::new("/proc").join(process.to_string()).as_path())
    }
}

/// The memory of the process with this directory in `/proc`, in KiB, or 0 if there is no such process.
#[must_use]
pub fn memory(process: &Path) -> u64 {
    let status = std::fs::read_to_string(process.join("status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let size = line.and_then(|line| line.split_whitespace().next());
    size.and_then(|size| size.parse().ok()).unwrap_or_default()
}
