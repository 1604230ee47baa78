//! Clients in a process of their own, which report the results of their requests: `python/load.py`.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::Result;
use crate::ledger::{Ledger, Outcome};
use crate::program::Program;

/// How long the process may take to end, or to warm up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The task of the clients.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Duty<'a> {
    pub(crate) url: &'a str,
    pub(crate) exchange: &'a str,
    pub(crate) topic: &'a str,
    /// The number of clients.
    pub(crate) clients: usize,
    /// Requests a second of all clients together.
    pub(crate) rate: u32,
    /// Of calls.
    pub(crate) timeout: Duration,
    /// The number of the first request.
    pub(crate) first: u64,
}

/// The process. It is killed when dropped.
#[derive(Debug)]
pub(crate) struct PeerLoad {
    process: Child,
    input: ChildStdin,
    /// The last order that was done: the warm-up is 0, probes are counted from 1.
    done: watch::Receiver<Option<(u64, Instant)>>,
    probes: u64,
    reading: JoinHandle<()>,
}

impl PeerLoad {
    pub(crate) fn spawn(program: &Program, duty: &Duty<'_>, ledger: Arc<Ledger>) -> Result<Self> {
        let mut process = program
            .command()
            .args([duty.url, duty.exchange, duty.topic])
            .args([duty.clients.to_string(), duty.rate.to_string()])
            .args([
                duty.timeout.as_secs_f64().to_string(),
                duty.first.to_string(),
            ])
            .spawn()?;
        let input = process.stdin.take().ok_or("the clients have no input")?;
        let output = process.stdout.take().ok_or("the clients have no output")?;
        let (say_done, done) = watch::channel(None);
        let reading = tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(number) = read(&line, &ledger) {
                    say_done.send_replace(Some((number, Instant::now())));
                }
            }
        });
        Ok(Self {
            process,
            input,
            done,
            probes: 0,
            reading,
        })
    }

    async fn tell(&mut self, command: &str) -> Result<()> {
        Ok(self
            .input
            .write_all(format!("{command}\n").as_bytes())
            .await?)
    }

    async fn when_done(&mut self, number: u64, patience: Duration) -> Option<Instant> {
        let is_it = |done: &Option<(u64, Instant)>| done.is_some_and(|done| done.0 == number);
        let done = timeout(patience, self.done.wait_for(is_it))
            .await
            .ok()?
            .ok()?;
        done.map(|done| done.1)
    }

    pub(crate) async fn warm_up(&mut self) -> Result<()> {
        self.tell("warm").await?;
        let warm = self.when_done(0, PATIENCE).await;
        warm.map(drop)
            .ok_or_else(|| "the clients do not get warm".into())
    }

    pub(crate) async fn start(&mut self) -> Result<()> {
        self.tell("start").await
    }

    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.tell("stop").await
    }

    pub(crate) async fn probe(
        &mut self,
        servers: &[String],
        patience: Duration,
    ) -> Result<Option<Instant>> {
        self.probes += 1;
        let number = self.probes;
        self.tell(&format!("probe {number} {}", servers.join(" ")))
            .await?;
        Ok(self.when_done(number, patience).await)
    }

    pub(crate) async fn close(mut self) -> Result<()> {
        drop(self.input);
        // Whether it has ended does not matter any more.
        let _ = timeout(PATIENCE, self.process.wait()).await;
        self.process.kill().await?;
        Ok(self.reading.await?)
    }
}

/// Records the report in a line. Returns the number of the order that was done.
fn read(line: &str, ledger: &Ledger) -> Option<u64> {
    let mut words = line.splitn(4, ' ');
    let (what, number) = (words.next()?, words.next().map(str::parse));
    match (what, number) {
        ("warm", None) => return Some(0),
        ("answered", Some(Ok(number))) => return Some(number),
        ("sent", Some(Ok(number))) => ledger.sent_as(number, words.next() == Some("call")),
        ("ok", Some(Ok(number))) => ledger.ended(number, Outcome::Ok),
        ("wrong", Some(Ok(number))) => ledger.ended(number, Outcome::Wrong),
        ("failed", Some(Ok(number))) => {
            let kind = words.next().unwrap_or_default();
            let kind = KINDS.into_iter().find(|known| *known == kind);
            let outcome = Outcome::Failed {
                kind: kind.unwrap_or("other"),
                error: words.next().unwrap_or_default().to_owned(),
                // oslo.messaging does not report this.
                may_have_run: true,
            };
            ledger.ended(number, outcome);
        }
        _ => {}
    }
    None
}

const KINDS: [&str; 4] = ["timeout", "delivery", "undeliverable", "remote"];
