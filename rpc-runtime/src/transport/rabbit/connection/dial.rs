//! Connects to the first of several brokers that answers.
//!
//! The hosts race. If a host fails or does not answer within a moment, the next one is tried concurrently. The first
//! complete handshake wins, and the other attempts are dropped. Each failed host is retried with a back-off of its
//! own, so that a host that hangs does not delay another one that is up again. A dialler makes a connection and does
//! not own it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::sleep;

use super::super::amqp::{ConnectError, Connection, Connector};
use super::super::backoff::{Backoff, Pause};
use super::super::settings::Address;
use super::failure_log::FailureLog;
use super::nudge::Nudged;
use crate::random::below;

/// How long a host may take before the next one is tried concurrently.
const HEAD_START: Duration = Duration::from_millis(300);

/// The hosts, and how to try them.
#[derive(Debug)]
pub(crate) struct Dialler {
    connector: Arc<Connector>,
    /// The connection's name, as operators see it.
    name: String,
    /// The hosts, in the order in which they are tried.
    hosts: Vec<Address>,
    backoff: Backoff,
    /// Shared with the other connections of the transport.
    failure_log: Arc<FailureLog>,
    /// Notified when a caller starts to wait for the connection.
    nudged: Nudged,
}

/// The result of one attempt.
struct Tried {
    host: usize,
    /// Tells which callers have started to wait since the attempt began.
    nudged: Nudged,
    result: Result<Connection, ConnectError>,
}

type Try<'a> = Pin<Box<dyn Future<Output = Tried> + Send + 'a>>;

impl Dialler {
    /// Shuffles the hosts, so that the processes spread over the brokers.
    pub(crate) fn new(
        connector: Arc<Connector>,
        name: String,
        mut hosts: Vec<Address>,
        backoff: Backoff,
        failure_log: Arc<FailureLog>,
        nudged: Nudged,
    ) -> Self {
        for last in (1..hosts.len()).rev() {
            let count = u32::try_from(last + 1).unwrap_or(u32::MAX);
            hosts.swap(last, below(count) as usize);
        }
        Self {
            connector,
            name,
            hosts,
            backoff,
            failure_log,
            nudged,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Tries the hosts until one accepts the connection. After each failure, it calls `failed` with the last reason of
    /// each host, and with true if all hosts have failed once more: that counts as one attempt.
    ///
    /// Dropping the future drops all attempts in progress.
    pub(crate) async fn dial(&mut self, mut failed: impl FnMut(Arc<str>, bool)) -> Connection {
        let mut failures = vec![0; self.hosts.len()];
        // For each host, its refusals in a row.
        let mut refusals = vec![0; self.hosts.len()];
        let mut reasons = vec![String::new(); self.hosts.len()];
        let mut attempts = 0;
        let mut unstarted = 0..self.hosts.len();
        let mut tries: Vec<Try<'_>> = Vec::with_capacity(self.hosts.len());
        let (host, connection) = loop {
            if let Some(host) = unstarted.next() {
                tries.push(self.attempt(host, None, self.nudged.clone()));
            }
            let tried = tokio::select! {
                tried = first_done(&mut tries) => tried,
                // The last host is silent: try the next one, too.
                () = sleep(HEAD_START), if !unstarted.is_empty() => continue,
            };
            let host = tried.host;
            let ConnectError { why, is_refusal } = match tried.result {
                Ok(connection) => break (host, connection),
                Err(error) => error,
            };
            failures[host] += 1;
            if self.failure_log.record(&self.name, &self.hosts[host], &why) {
                tracing::warn!(connection = self.name, why, "cannot connect");
            } else {
                tracing::debug!(connection = self.name, why, "still cannot connect");
            }
            reasons[host] = why;
            let passes = failures.iter().min().copied().unwrap_or_default();
            let known: Vec<_> = reasons.iter().filter(|why| !why.is_empty()).collect();
            let known = known.iter().map(|why| why.as_str()).collect::<Vec<_>>();
            failed(known.join("; ").into(), passes > attempts);
            attempts = passes;
            refusals[host] = if is_refusal { refusals[host] + 1 } else { 0 };
            let pause = match refusals[host] {
                0 => self.backoff.pause(failures[host]),
                refusals => self.backoff.pause_after_refusal(refusals),
            };
            tries.push(self.attempt(host, Some(pause), tried.nudged));
        };
        drop(tries);
        self.failure_log.forget(&self.name);
        // After the loss of this connection, its host is tried last.
        self.hosts.rotate_left(host + 1);
        connection
    }

    fn attempt(&self, host: usize, pause: Option<Pause>, mut nudged: Nudged) -> Try<'_> {
        Box::pin(async move {
            if let Some(pause) = pause {
                nudged.pause(pause).await;
            }
            nudged.begin_attempt();
            let result = self.connector.connect(&self.hosts[host], &self.name).await;
            Tried {
                host,
                nudged,
                result,
            }
        })
    }
}

/// Waits for the first attempt that ends, and removes it.
async fn first_done(tries: &mut Vec<Try<'_>>) -> Tried {
    std::future::poll_fn(|context| {
        for index in 0..tries.len() {
            if let Poll::Ready(tried) = tries[index].as_mut().poll(context) {
                drop(tries.swap_remove(index));
                return Poll::Ready(tried);
            }
        }
        Poll::Pending
    })
    .await
}
