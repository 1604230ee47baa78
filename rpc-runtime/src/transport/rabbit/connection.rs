//! Keeps one connection to the brokers alive: the supervisor, and the handle to it.
//!
//! The supervisor is one task on the engine. It replaces a link that went down: at once the first time,
//! then backing off. It starts when the connection is first used. It ends with [`Connection::close`], or
//! when the handle is dropped, once those have left who clean up over its links. It knows nothing of
//! queues: who needs topology declares it anew on each link.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::attempts::{Attempts, Progress};
use super::backoff::Pace;
use super::connector::Connector;
use super::dial::Dialler;
use super::engine::Engine;
use super::link::Link;
use super::options::Options;
use crate::error::Stage;
use crate::mutex::lock;
use crate::{Error, Result};

/// How long those may take who clean up over a connection that ends.
const LEAVE_DEADLINE: Duration = Duration::from_secs(5);

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
    /// Tells the supervisor that somebody waits.
    nudge: watch::Sender<()>,
    guests: watch::Sender<()>,
    engine: Arc<Engine>,
    /// Until first used.
    supervisor: Mutex<Option<Supervisor>>,
}

impl Connection {
    /// A connection that operators will see as `name`. Nothing is done until it is used.
    pub(super) fn new(
        options: &Options,
        connector: Arc<Connector>,
        engine: Arc<Engine>,
        name: String,
    ) -> Self {
        let (status, watching) = watch::channel(Status {
            state: State::Idle,
            failures: 0,
        });
        let stop = watch::Sender::new(false);
        let nudge = watch::Sender::new(());
        let guests = watch::Sender::new(());
        let hosts = options.hosts.clone();
        let supervisor = Supervisor {
            dialler: Dialler::new(connector, name, hosts, options.backoff, nudge.subscribe()),
            pace: Pace::new(options.backoff),
            status,
            stop: stop.subscribe(),
            guests: guests.clone(),
        };
        Self {
            status: watching,
            stop,
            nudge,
            guests,
            engine,
            supervisor: Mutex::new(Some(supervisor)),
        }
    }

    fn take_supervisor(&self) -> Option<Supervisor> {
        lock(&self.supervisor).take()
    }

    /// Begins to connect, if that was not done before.
    pub(super) fn start(&self) -> Result<()> {
        if let Some(supervisor) = self.take_supervisor() {
            self.engine.spawn(supervisor.run())?;
        }
        Ok(())
    }

    /// The link, if it stands.
    pub(super) fn ready(&self) -> Option<Arc<Link>> {
        match &self.status.borrow().state {
            State::Ready(link) if link.is_up() && !*self.stop.borrow() => Some(link.clone()),
            _ => None,
        }
    }

    /// Waits for a link, as many failures as `attempts` allows.
    pub(super) async fn link(
        &self,
        attempts: &mut Attempts<'_>,
        progress: &Progress,
    ) -> Result<Arc<Link>> {
        if let Some(link) = self.ready() {
            return Ok(link);
        }
        let mut seen = self.status.borrow().failures;
        self.start()?;
        let mut status = self.status.clone();
        let mut nudged = false;
        loop {
            let now = status.borrow_and_update().clone();
            if *self.stop.borrow() {
                return Err(Error::Closed);
            }
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
                self.nudge.send_replace(());
            }
            if status.changed().await.is_err() {
                return Err(Error::Closed);
            }
        }
    }

    /// The links as they come, for a task that must not keep the connection alive. Once the connection is
    /// closed, its last link stays for a while, until no `Links` are left.
    pub(super) fn links(&self) -> Links {
        Links {
            status: self.status.clone(),
            _guest: self.guests.subscribe(),
        }
    }

    /// Ends the connection, in good order if it stands. Done when its task has ended.
    pub(super) async fn close(&self) {
        self.stop.send_replace(true);
        if let Some(supervisor) = self.take_supervisor() {
            set(&supervisor.status, State::Closed);
        }
        let mut status = self.status.clone();
        // The supervisor's last act is to drop the sender.
        while status.changed().await.is_ok() {}
    }
}

/// The links of a connection, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Links {
    status: watch::Receiver<Status>,
    _guest: watch::Receiver<()>,
}

impl Links {
    /// Waits for a link that is up; none when the connection is closed.
    pub(super) async fn next(&mut self) -> Option<Arc<Link>> {
        loop {
            let now = self.status.borrow_and_update().state.clone();
            match now {
                State::Ready(link) if link.is_up() => return Some(link),
                State::Closed => return None,
                State::Idle | State::Connecting { .. } | State::Ready(_) => {}
            }
            self.status.changed().await.ok()?;
        }
    }

    /// The link, if there is one now.
    pub(super) fn current(&self) -> Option<Arc<Link>> {
        match &self.status.borrow().state {
            State::Ready(link) if link.is_up() => Some(link.clone()),
            _ => None,
        }
    }
}

/// The task behind a [`Connection`].
#[derive(Debug)]
struct Supervisor {
    dialler: Dialler,
    pace: Pace,
    status: watch::Sender<Status>,
    stop: watch::Receiver<bool>,
    /// Watched by whoever uses the links.
    guests: watch::Sender<()>,
}

impl Supervisor {
    async fn run(self) {
        let Self {
            dialler,
            pace,
            status,
            mut stop,
            guests,
        } = self;
        let leave = async {
            // Asked to, or the handle is gone.
            let _ = stop.wait_for(|stop| *stop).await;
            if timeout(LEAVE_DEADLINE, guests.closed()).await.is_err() {
                tracing::warn!("closing takes long: queues may stay until they expire");
            }
        };
        tokio::select! {
            () = keep_connected(dialler, pace, &status) => {}
            () = leave => {}
        }
        let last = status.send_replace(Status {
            state: State::Closed,
            failures: 0,
        });
        if let State::Ready(link) = last.state {
            link.close().await;
        }
    }
}

/// Never ends.
async fn keep_connected(mut dialler: Dialler, mut pace: Pace, status: &watch::Sender<Status>) {
    loop {
        set_connecting(status, None);
        let (connected, place) = dialler
            .dial(|why, all| {
                status.send_modify(|status| {
                    status.failures += u64::from(all);
                    status.state = State::Connecting { why: Some(why) };
                });
            })
            .await;
        let link = Arc::new(Link::new(connected, place));
        tracing::info!(
            broker = link.place(),
            connection = dialler.name(),
            "connected"
        );
        set(status, State::Ready(link.clone()));
        let since = Instant::now();
        let why = link.attend().await;
        tracing::warn!(broker = link.place(), connection = dialler.name(), %why, "connection lost");
        drop(link);
        set_connecting(status, Some(why));
        // At once, unless connections keep ending soon.
        sleep(pace.after(since.elapsed())).await;
    }
}

fn set(status: &watch::Sender<Status>, state: State) {
    status.send_modify(|status| status.state = state);
}

/// Keeps the reason of the last failure, if there is no newer one.
fn set_connecting(status: &watch::Sender<Status>, why: Option<Arc<str>>) {
    status.send_modify(|status| {
        let known = match &mut status.state {
            State::Connecting { why } => why.take(),
            _ => None,
        };
        status.state = State::Connecting { why: why.or(known) };
    });
}
