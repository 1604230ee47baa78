//! The supervisor of one connection: it replaces a connection that has ended.
//!
//! It is one task on the engine. The first replacement comes at once, later ones back off. The task starts when the
//! connection is first used. It ends with [`Supervisor::close`], or when the handle is dropped, after all
//! [`Connections`] handles are gone.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::super::amqp::{Connection, Connector, Fault};
use super::super::backoff::Pace;
use super::super::options::Options;
use super::attempts::Attempts;
use super::dial::Dialler;
use super::engine::Engine;
use super::nudge::{Nudge, Nudged};
use super::progress::Progress;
use crate::error::Stage;
use crate::metrics;
use crate::sync::Mutex;
use crate::transport::TransportState;
use crate::{Error, Result};

/// How long those may take who clean up over a connection that ends.
const LEAVE_DEADLINE: Duration = Duration::from_secs(5);

/// How the connection is, and how many attempts have failed since it was made.
#[derive(Debug, Clone)]
struct Status {
    state: State,
    failures: u64,
    /// Since when it is ready, or not ready.
    since: Instant,
    /// Since when the broker of a connection that is ready takes no messages, and why.
    blocked: Option<(Instant, Arc<str>)>,
}

impl Status {
    fn new(state: State) -> Self {
        Self {
            state,
            failures: 0,
            since: Instant::now(),
            blocked: None,
        }
    }

    /// How operators see it.
    fn shown(&self) -> TransportState {
        let since = self.since;
        match (&self.state, &self.blocked) {
            (State::Idle, _) => TransportState::Idle,
            (State::Connecting { why }, _) => TransportState::Connecting {
                since,
                why: why.clone(),
            },
            (State::Ready(connection), Some((since, why))) => TransportState::Blocked {
                since: *since,
                broker: connection.place().into(),
                why: why.clone(),
            },
            (State::Ready(connection), None) => TransportState::Connected {
                since,
                broker: connection.place().into(),
            },
            (State::Closed, _) => TransportState::Closed,
        }
    }
}

#[derive(Debug, Clone)]
enum State {
    /// Nobody has needed it yet.
    Idle,
    /// Being made; the last attempt, or the last connection, failed because of `why`.
    Connecting {
        why: Option<Arc<str>>,
    },
    Ready(Arc<Connection>),
    Closed,
}

/// The handle to a connection that is kept alive; dropping it ends the connection.
#[derive(Debug)]
pub(crate) struct Supervisor {
    status: watch::Receiver<Status>,
    stop: watch::Sender<bool>,
    /// Tells the supervisor that somebody waits.
    nudge: Nudge,
    users: watch::Sender<()>,
    engine: Arc<Engine>,
    /// Until first used.
    task: Mutex<Option<SupervisorTask>>,
}

impl Supervisor {
    /// The supervisor of a connection that operators will see as `name`, and metrics by its role. It does nothing until it is used.
    pub(crate) fn new(
        options: &Options,
        connector: Arc<Connector>,
        engine: Arc<Engine>,
        name: String,
        role: &'static str,
    ) -> Self {
        let (status, watching) = watch::channel(Status::new(State::Idle));
        let stop = watch::Sender::new(false);
        let nudge = Nudge::default();
        let users = watch::Sender::new(());
        let hosts = options.hosts.clone();
        let task = SupervisorTask {
            dialler: Dialler::new(connector, name, hosts, options.backoff, nudge.listen()),
            role,
            nudged: nudge.listen(),
            pace: Pace::new(options.backoff),
            status,
            stop: stop.subscribe(),
            users: users.clone(),
        };
        Self {
            status: watching,
            stop,
            nudge,
            users,
            engine,
            task: Mutex::new(Some(task)),
        }
    }

    /// How the connection is.
    pub(crate) fn state(&self) -> TransportState {
        self.status.borrow().shown()
    }

    /// Waits until something about the connection has changed since `changes` was made; for ever, once it is closed.
    pub(crate) fn changes(&self) -> Changes {
        let mut status = self.status.clone();
        status.mark_unchanged();
        Changes(status)
    }

    fn take_task(&self) -> Option<SupervisorTask> {
        self.task.lock().take()
    }

    /// Begins to connect, if that was not done before.
    pub(crate) fn start(&self) -> Result<()> {
        let mut task = self.task.lock();
        if task.is_some() {
            // Before the task is taken: if there is no thread now, there may be one for the next call.
            self.engine.start()?;
        }
        if let Some(task) = task.take() {
            self.engine.spawn(task.run())?;
        }
        Ok(())
    }

    /// The connection, if there is one.
    pub(crate) fn ready(&self) -> Option<Arc<Connection>> {
        match &self.status.borrow().state {
            State::Ready(connection) if connection.is_up() && !*self.stop.borrow() => {
                Some(connection.clone())
            }
            _ => None,
        }
    }

    /// Waits for a connection, for as many failures as `attempts` allows.
    pub(crate) async fn connection(
        &self,
        attempts: &mut Attempts<'_>,
        progress: &Progress,
    ) -> Result<Arc<Connection>> {
        if let Some(connection) = self.ready() {
            return Ok(connection);
        }
        let mut seen = self.status.borrow().failures;
        self.start()?;
        let mut status = self.status.clone();
        let mut nudged = false;
        loop {
            let now = status.borrow_and_update().clone();
            if *self.stop.borrow() {
                return Err(Error::closed());
            }
            match now.state {
                State::Ready(connection) if connection.is_up() => return Ok(connection),
                State::Closed => return Err(Error::closed()),
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
                self.nudge.send(attempts.is_urgent());
            }
            if status.changed().await.is_err() {
                return Err(Error::closed());
            }
        }
    }

    /// The connections as they come, for a task that must not keep the supervisor alive. Once the supervisor is
    /// closed, its last connection stays for a while, until no `Connections` are left.
    pub(crate) fn connections(&self) -> Connections {
        Connections {
            status: self.status.clone(),
            _user: self.users.subscribe(),
        }
    }

    /// Ends the connection, in good order if it stands. Done when its task has ended.
    pub(crate) async fn close(&self) {
        self.stop.send_replace(true);
        if let Some(task) = self.take_task() {
            set(&task.status, State::Closed);
        }
        let mut status = self.status.clone();
        // The supervisor's last act is to drop the sender.
        while status.changed().await.is_ok() {}
    }
}

/// The connections that a supervisor makes, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    status: watch::Receiver<Status>,
    _user: watch::Receiver<()>,
}

impl Connections {
    /// Waits for a connection that has not ended; none once the supervisor is closed.
    pub(crate) async fn next(&mut self) -> Option<Arc<Connection>> {
        loop {
            let now = self.status.borrow_and_update().state.clone();
            match now {
                State::Ready(connection) if connection.is_up() => return Some(connection),
                State::Closed => return None,
                State::Idle | State::Connecting { .. } | State::Ready(_) => {}
            }
            self.status.changed().await.ok()?;
        }
    }

    /// The connection, if there is one now.
    pub(crate) fn current(&self) -> Option<Arc<Connection>> {
        match &self.status.borrow().state {
            State::Ready(connection) if connection.is_up() => Some(connection.clone()),
            _ => None,
        }
    }
}

/// What happens to a connection from a moment on.
#[derive(Debug)]
pub(crate) struct Changes(watch::Receiver<Status>);

impl Changes {
    /// Waits until something has changed; for ever, once the supervisor is closed.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The task behind a [`Supervisor`].
#[derive(Debug)]
struct SupervisorTask {
    role: &'static str,
    dialler: Dialler,
    pace: Pace,
    nudged: Nudged,
    status: watch::Sender<Status>,
    stop: watch::Receiver<bool>,
    /// Watched by whoever uses the connections.
    users: watch::Sender<()>,
}

impl SupervisorTask {
    async fn run(self) {
        let Self {
            role,
            dialler,
            pace,
            nudged,
            status,
            mut stop,
            users,
        } = self;
        let leave = async {
            // Asked to, or the handle is gone.
            let _ = stop.wait_for(|stop| *stop).await;
            if timeout(LEAVE_DEADLINE, users.closed()).await.is_err() {
                tracing::warn!(
                    "not all users of the connection have finished in time: private queues may remain until they expire"
                );
            }
        };
        tokio::select! {
            () = keep_connected(role, dialler, pace, nudged, &status) => {}
            () = leave => {}
        }
        let last = status.send_replace(Status::new(State::Closed));
        if let State::Ready(connection) = last.state {
            connection.close().await;
        }
    }
}

/// Never ends.
async fn keep_connected(
    role: &'static str,
    mut dialler: Dialler,
    mut pace: Pace,
    mut nudged: Nudged,
    status: &watch::Sender<Status>,
) {
    // The reason for which the broker closed the last connection, if it will again.
    let mut repeats: Option<Arc<str>> = None;
    let mut is_first = true;
    loop {
        set_connecting(status, None);
        let connection = dialler
            .dial(|why, all| {
                metrics::connection_failed(role);
                status.send_modify(|status| {
                    status.failures += u64::from(all);
                    status.state = State::Connecting { why: Some(why) };
                });
            })
            .await;
        nudged.begin_attempt();
        let connection = Arc::new(connection);
        let (broker, name) = (connection.place().to_owned(), dialler.name());
        let version = connection.version().map(tracing::field::display);
        if repeats.is_none() {
            tracing::info!(broker, version, connection = name, "connected");
        } else {
            tracing::debug!(broker, version, connection = name, "connected");
        }
        metrics::connected(role, !is_first);
        is_first = false;
        set(status, State::Ready(connection.clone()));
        let since = Instant::now();
        let why = tokio::select! {
            why = connection.attend() => why,
            never = show_blockage(&connection, status) => match never {},
        };
        if repeats.as_ref() == Some(&why) {
            tracing::debug!(broker, connection = name, %why, "connection lost: reconnecting");
        } else {
            tracing::warn!(broker, connection = name, %why, "connection lost: reconnecting");
        }
        metrics::connection_lost(role);
        drop(connection);
        set_connecting(status, Some(why.clone()));
        let pause = if Fault::ended(why.clone()).is_refused() {
            repeats = Some(why);
            pace.after_refusal(since.elapsed())
        } else {
            repeats = None;
            // At once, unless connections keep ending soon.
            pace.after(since.elapsed())
        };
        nudged.pause(pause).await;
    }
}

/// Shows in the status when the broker stops accepting messages, and when it accepts them again.
async fn show_blockage(connection: &Connection, status: &watch::Sender<Status>) -> Infallible {
    let mut blocked = connection.watch_blocked();
    loop {
        let why = blocked.borrow_and_update().clone();
        let since = Instant::now();
        status.send_if_modified(|status| {
            let changed = status.blocked.is_some() != why.is_some();
            if changed {
                status.blocked = why.map(|why| (since, why));
            }
            changed
        });
        // Its sender is the connection's, which is borrowed.
        if blocked.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn set(status: &watch::Sender<Status>, state: State) {
    status.send_modify(|status| {
        status.state = state;
        status.since = Instant::now();
        status.blocked = None;
    });
}

/// Keeps the reason of the last failure, if there is no newer one.
fn set_connecting(status: &watch::Sender<Status>, why: Option<Arc<str>>) {
    status.send_modify(|status| {
        let known = match &mut status.state {
            State::Connecting { why } => why.take(),
            _ => {
                status.since = Instant::now();
                status.blocked = None;
                None
            }
        };
        status.state = State::Connecting { why: why.or(known) };
    });
}
