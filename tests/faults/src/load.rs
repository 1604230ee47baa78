//! What drives the load: clients that send numbered calls and casts at a steady rate, whatever happens.

use std::sync::Arc;
use std::time::Duration;

use rpc_runtime::{CallOptions, Context, Error, Transport};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::Result;
use crate::ledger::{Ledger, Outcome};
use crate::peer::Duty;
use crate::work::WorkClient;

/// How often the lateness of the scheduler is measured.
const TICK: Duration = Duration::from_millis(10);
/// How often a probe is sent until one is answered.
const PROBE: Duration = Duration::from_millis(50);
/// How long one probe waits.
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
    /// Makes the clients; nothing is sent yet.
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
                // Two in a row from each client, a call and a cast.
                for call in [true, false] {
                    if !call {
                        ticks.tick().await;
                    }
                    let millis = (turn as u64 * 7) % 40;
                    tokio::spawn(send(client.clone(), ledger.clone(), call, millis));
                }
            }
        }));
        let ledger = self.ledger.clone();
        self.running.push(self.runtime.spawn(async move {
            loop {
                let began = Instant::now();
                sleep(TICK).await;
                let late = began.elapsed().saturating_sub(TICK);
                if late > TICK {
                    ledger.starved(late);
                }
            }
        }));
    }

    /// Sends nothing more. What was sent goes on.
    pub async fn stop(&mut self) {
        for task in self.running.drain(..) {
            task.abort();
            let _ = task.await;
        }
    }

    /// Probes until every client was answered by each of these servers, and over the topic: when the
    /// last of them was, or none if that took longer than `patience`.
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

    /// Many requests at once, so that all is there that a load brings with it.
    pub async fn warm_up(&self) {
        let mut burst = JoinSet::new();
        for client in self.clients.iter().cycle().take(self.clients.len() * 64) {
            let (client, ledger) = (client.clone(), self.ledger.clone());
            burst.spawn_on(send(client, ledger, true, 0), &self.runtime);
        }
        while burst.join_next().await.is_some() {}
    }

    /// Has the servers of the topic run so many requests at once, each for so long. Nobody waits for them.
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

    /// Each client makes a call and a cast with arguments of so many bytes, more than the broker takes. Gives what was
    /// wrong with the answers.
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

    /// Each client asks twice for a reply of so many bytes, more than the broker takes. Gives what was wrong with the
    /// answers.
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

/// When the first of many probes is answered.
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
