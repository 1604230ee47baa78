//! The load: clients that send numbered calls and casts at a constant rate, independent of replies and faults.

use std::sync::Arc;
use std::time::Duration;

use rpc_runtime::{CallOptions, Context, Error, Transport};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::Result;
use crate::ledger::{Ledger, Outcome};
use crate::peer::Duty;
use crate::work::WorkClient;

/// The interval of probes until one has a reply.
const PROBE: Duration = Duration::from_millis(50);
/// The timeout of a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// Clients, on a runtime of their own.
#[derive(Debug)]
pub struct Load {
    runtime: Handle,
    /// Requests a second.
    rate: u32,
    transports: Vec<Transport>,
    clients: Vec<WorkClient>,
    ledger: Arc<Ledger>,
    running: Vec<JoinHandle<()>>,
}

impl Load {
    /// Makes the clients. They send nothing yet.
    pub(crate) fn new(runtime: &Handle, duty: &Duty<'_>, ledger: Arc<Ledger>) -> Result<Self> {
        let mut transports = Vec::new();
        for _ in 0..duty.clients {
            transports.push(Transport::new(duty.url)?);
        }
        let options = CallOptions::new()
            .exchange(duty.exchange)
            .topic(duty.topic)
            .timeout(duty.timeout);
        let client = |transport| WorkClient::new(transport).prepare(options.clone());
        let clients = transports.iter().map(client).collect();
        Ok(Self {
            runtime: runtime.clone(),
            rate: duty.rate,
            transports,
            clients,
            ledger,
            running: Vec::new(),
        })
    }

    /// Begins to send requests, calls and casts in turn.
    pub fn start(&mut self) {
        let rate = self.rate;
        let (clients, ledger) = (self.clients.clone(), self.ledger.clone());
        self.running.push(self.runtime.spawn(async move {
            let mut ticks = interval(Duration::from_secs(1) / rate.max(1));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            for (turn, client) in clients.iter().cycle().enumerate() {
                ticks.tick().await;
                // Each client sends a call and a cast in turn.
                for call in [true, false] {
                    if !call {
                        ticks.tick().await;
                    }
                    let millis = (turn as u64 * 7) % 40;
                    tokio::spawn(send(client.clone(), ledger.clone(), call, millis));
                }
            }
        }));
    }

    /// Sends no more requests. Those in flight continue.
    pub async fn stop(&mut self) {
        for task in self.running.drain(..) {
            task.abort();
            let _ = task.await;
        }
    }

    /// Sends probes until every client has a reply from each of these servers, and from the topic. Returns the time of
    /// the last reply, or none if it took longer than `patience`.
    pub async fn probe(&self, servers: &[String], patience: Duration) -> Option<Instant> {
        let mut probes = JoinSet::new();
        let to = servers.iter().map(Some).chain([None]);
        for server in to {
            for client in &self.clients {
                let mut options = CallOptions::new().timeout(PROBE_TIMEOUT);
                if let Some(server) = server {
                    options = options.server(server.as_str());
                }
                probes.spawn_on(answered(client.prepare(options)), &self.runtime);
            }
        }
        let all = async {
            let mut last = None;
            while let Some(answered) = probes.join_next().await {
                last = last.max(answered.ok());
            }
            last
        };
        timeout(patience, all).await.ok().flatten()
    }

    /// Sends many requests at once, so that all resources of a load exist.
    pub async fn warm_up(&self) {
        let mut burst = JoinSet::new();
        for client in self.clients.iter().cycle().take(self.clients.len() * 64) {
            let (client, ledger) = (client.clone(), self.ledger.clone());
            burst.spawn_on(send(client, ledger, true, 0), &self.runtime);
        }
        while burst.join_next().await.is_some() {}
    }

    /// Occupies the servers of the topic with `requests` requests, each of which takes `lasting`. Their results are
    /// ignored.
    pub fn occupy(&self, requests: usize, lasting: Duration) {
        let millis = u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX);
        for client in self.clients.iter().cycle().take(requests) {
            let client = client.clone();
            self.runtime.spawn(async move {
                let waited = client.wait(&Context::new(), millis, String::new()).await;
                if let Err(error) = waited {
                    tracing::debug!(%error, "a request that was to occupy a server failed");
                }
            });
        }
    }

    /// Each client makes a call and a cast with arguments of `bytes` bytes, which are too large for the broker. Returns
    /// what was wrong with the results.
    pub async fn send_too_large(&self, bytes: usize) -> Vec<String> {
        let (ctxt, padding) = (Context::new(), "x".repeat(bytes));
        let mut complaints = Vec::new();
        for client in &self.clients {
            let call = timeout(PROBE_TIMEOUT, client.wait(&ctxt, 0, padding.clone()));
            let cast = timeout(PROBE_TIMEOUT, client.take(&ctxt, padding.clone()));
            for (what, ended) in [("call", call.await), ("cast", cast.await)] {
                match ended {
                    Ok(Err(error @ Error::Refused { .. })) if !error.may_have_run() => {}
                    other => complaints.push(format!("a {what} that is too large: {other:?}")),
                }
            }
        }
        complaints
    }

    /// Each client asks twice for a reply of `bytes` bytes, which is too large for the broker. Returns what was wrong
    /// with the results.
    pub async fn ask_for_too_large(&self, bytes: usize) -> Vec<String> {
        let ctxt = Context::new();
        let mut complaints = Vec::new();
        for client in self.clients.iter().flat_map(|client| [client; 2]) {
            let asked = timeout(PROBE_TIMEOUT, client.make(&ctxt, bytes)).await;
            match asked {
                Ok(Err(Error::Remote(_))) => {}
                other => {
                    let other = other.map(|made| made.map(|text| text.len()));
                    complaints.push(format!("a call whose reply is too large: {other:?}"));
                }
            }
        }
        complaints
    }

    /// Closes all transports.
    pub async fn close(self) {
        for transport in self.transports {
            transport.close().await;
        }
    }
}

async fn send(client: WorkClient, ledger: Arc<Ledger>, call: bool, millis: u64) {
    let number = ledger.sent(call);
    let ctxt = Context::new().with_request_id(number.to_string());
    let result = if call {
        client.work(&ctxt, number, millis).await
    } else {
        client.note(&ctxt, number).await.map(|()| number)
    };
    if let Err(error) = &result {
        tracing::debug!(number, call, %error, "failed");
    }
    ledger.ended(
        number,
        match result {
            Ok(answer) if answer == number => Outcome::Ok,
            Ok(_) => Outcome::Wrong,
            Err(error) => Outcome::Failed {
                kind: kind(&error),
                may_have_run: error.may_have_run(),
                error: error.to_string(),
            },
        },
    );
}

/// Sends probes and returns the time of the first reply.
async fn answered(client: WorkClient) -> Instant {
    let mut probes = JoinSet::new();
    let mut ticks = interval(PROBE);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let client = client.clone();
                probes.spawn(async move {
                    let answer = client.probe(&Context::new()).await;
                    if let Err(error) = &answer {
                        tracing::debug!(%error, "a probe failed");
                    }
                    answer
                });
            }
            Some(Ok(Ok(()))) = probes.join_next() => return Instant::now(),
        }
    }
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::Timeout { .. } => "timeout",
        Error::Delivery { .. } => "delivery",
        Error::Undeliverable { .. } => "undeliverable",
        Error::Remote(_) => "remote",
        Error::Closed { .. } => "closed",
        Error::Refused { .. } => "refused",
        Error::Rejected { .. } => "rejected",
        _ => "other",
    }
}
