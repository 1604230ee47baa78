//! Keeps one connection to the brokers alive: the supervisor, and the handle to it.
//!
//! The supervisor is one task. It takes the hosts in turn, from a shuffled list, and replaces a link
//! that went down: at once the first time, then backing off. It starts when the connection is first
//! used and ends with [`Connection::close`], or when the handle is dropped. It knows nothing of queues:
//! who needs topology declares it anew on each link.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use super::attempts::{Attempts, Progress};
use super::connector::{Connector, place};
use super::link::Link;
use super::options::{Address, Backoff, Options};
use crate::error::Stage;
use crate::{Error, Result};

/// How the connection is, and how many attempts have failed since it was made.
#[derive(Debug, Clone)]
struct Status {
    state: State,
    failures: u64,
}

#[derive(Debug, Clone)]
enum State {
    /// Nobody has needed it yet.
    Idle,
    /// Being made; the last attempt, or the last link, failed because of `why`.
    Connecting {
        why: Option<Arc<str>>,
    },
    Ready(Arc<Link>),
    Closed,
}

/// The handle to a connection that is kept alive; dropping it ends the connection.
#[derive(Debug)]
pub(super) struct Connection {
    status: watch::Receiver<Status>,
    stop: watch::Sender<bool>,
    nudge: Arc<Notify>,
    /// Until first used.
    supervisor: Mutex<Option<Supervisor>>,
}

impl Connection {
    /// A connection that operators will see as `name`. Nothing is done until it is used.
    pub(super) fn new(options: &Options, connector: Arc<Connector>, name: String) -> Self {
        let (status, watching) = watch::channel(Status {
            state: State::Idle,
            failures: 0,
        });
        let stop = watch::Sender::new(false);
        let nudge = Arc::new(Notify::new());
        let supervisor = Supervisor {
            connector,
            name,
            hosts: options.hosts.clone(),
            backoff: options.backoff,
            nudge: nudge.clone(),
            status,
            stop: stop.subscribe(),
        };
        Self {
            status: watching,
            stop,
            nudge,
            supervisor: Mutex::new(Some(supervisor)),
        }
    }

    fn take_supervisor(&self) -> Option<Supervisor> {
        self.supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Begins to connect, if that was not done before.
    pub(super) fn start(&self) {
        if let Some(supervisor) = self.take_supervisor() {
            tokio::spawn(supervisor.run());
        }
    }

    /// Waits for a link, as many failures as `attempts` allows.
    pub(super) async fn link(
        &self,
        attempts: &mut Attempts<'_>,
        progress: &Progress,
    ) -> Result<Arc<Link>> {
        let mut seen = self.status.borrow().failures;
        self.start();
        let mut status = self.status.clone();
        let mut nudged = false;
        loop {
            let now = status.borrow_and_update().clone();
            match now.state {
                State::Ready(link) if link.is_up() => return Ok(link),
                State::Closed => return Err(Error::Closed),
                State::Connecting { why } => {
                    let failed = why
                        .clone()
                        .unwrap_or_else(|| "the connection failed".into());
                    while seen < now.failures {
                        seen += 1;
                        attempts.failed(&failed, false)?;
                    }
                    progress.set(Stage::Connection(why));
                }
                State::Idle | State::Ready(_) => progress.set(Stage::Connection(None)),
            }
            if !nudged {
                // A new caller need not wait for the end of a long back-off.
                nudged = true;
                self.nudge.notify_one();
            }
            if status.changed().await.is_err() {
                return Err(Error::Closed);
            }
        }
    }

    /// The links as they come, for a task that must not keep the connection alive.
    pub(super) fn links(&self) -> Links {
        Links(self.status.clone())
    }

    /// Ends the connection, in good order if it stands. Done when its task has ended.
    pub(super) async fn close(&self) {
        self.stop.send_replace(true);
        if let Some(supervisor) = self.take_supervisor() {
            supervisor.set(State::Closed);
        }
        let mut status = self.status.clone();
        // The supervisor's last act is to drop the sender.
        while status.changed().await.is_ok() {}
    }
}

/// The links of a connection, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Links(watch::Receiver<Status>);

impl Links {
    /// Waits for a link that is up; none when the connection is closed.
    pub(super) async fn next(&mut self) -> Option<Arc<Link>> {
        loop {
            let now = self.0.borrow_and_update().state.clone();
            match now {
                State::Ready(link) if link.is_up() => return Some(link),
                State::Closed => return None,
                State::Idle | State::Connecting { .. } | State::Ready(_) => {}
            }
            self.0.changed().await.ok()?;
        }
    }

    /// The link, if there is one now.
    pub(super) fn current(&self) -> Option<Arc<Link>> {
        match &self.0.borrow().state {
            State::Ready(link) if link.is_up() => Some(link.clone()),
            _ => None,
        }
    }
}

/// The task behind a [`Connection`].
#[derive(Debug)]
struct Supervisor {
    connector: Arc<Connector>,
    name: String,
    hosts: Vec<Address>,
    backoff: Backoff,
    nudge: Arc<Notify>,
    status: watch::Sender<Status>,
    stop: watch::Receiver<bool>,
}

impl Supervisor {
    async fn run(self) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = self.keep_connected() => {}
            // Asked to, or the handle is gone.
            _ = stop.wait_for(|stop| *stop) => {}
        }
        let last = self.status.send_replace(Status {
            state: State::Closed,
            failures: 0,
        });
        if let State::Ready(link) = last.state {
            link.close().await;
        }
    }

    async fn keep_connected(&self) {
        let mut hosts = self.hosts.clone();
        shuffle(&mut hosts);
        let mut attempts = 0;
        for address in hosts.iter().cycle() {
            self.set_connecting(None);
            match self.connector.connect(address, &self.name).await {
                Ok(connected) => {
                    let link = Arc::new(Link::new(connected, place(address)));
                    tracing::info!(broker = link.place(), connection = self.name, "connected");
                    self.set(State::Ready(link.clone()));
                    let since = Instant::now();
                    let why = link.attend().await;
                    tracing::warn!(broker = link.place(), connection = self.name, %why, "connection lost");
                    // A link that stood is replaced at once; one that falls again and again is not.
                    if since.elapsed() >= self.backoff.delay(attempts.max(1)) {
                        attempts = 0;
                    } else {
                        attempts += 1;
                    }
                    self.set_connecting(Some(why));
                }
                Err(why) => {
                    attempts += 1;
                    tracing::warn!(connection = self.name, attempts, why, "cannot connect");
                    self.status.send_modify(|status| {
                        status.failures += 1;
                        status.state = State::Connecting {
                            why: Some(why.into()),
                        };
                    });
                }
            }
            if attempts > 0 {
                self.wait(self.backoff.delay(attempts)).await;
            }
        }
    }

    /// Waits with a little jitter, so that the clients of one broker do not come back in step. Somebody
    /// who begins to wait for the connection ends the wait, but not before the shortest interval.
    async fn wait(&self, delay: Duration) {
        let delay = delay + delay / 1000 * (random() % 100);
        let shortest = delay.min(self.backoff.interval);
        sleep(shortest).await;
        tokio::select! {
            () = sleep(delay.saturating_sub(shortest)) => {}
            () = self.nudge.notified() => {}
        }
    }

    fn set(&self, state: State) {
        self.status.send_modify(|status| status.state = state);
    }

    /// Keeps the reason of the last failure, if there is no newer one.
    fn set_connecting(&self, why: Option<Arc<str>>) {
        self.status.send_modify(|status| {
            let known = match &mut status.state {
                State::Connecting { why } => why.take(),
                _ => None,
            };
            status.state = State::Connecting { why: why.or(known) };
        });
    }
}

fn shuffle(hosts: &mut [Address]) {
    for last in (1..hosts.len()).rev() {
        hosts.swap(last, random() as usize % (last + 1));
    }
}

/// The standard library seeds its hashers from the operating system.
fn random() -> u32 {
    (RandomState::new().build_hasher().finish() >> 32) as u32
}
