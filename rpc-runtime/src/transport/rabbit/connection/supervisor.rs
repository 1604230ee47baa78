//! The supervisor of one connection: makes it, and replaces it when it has ended.
//!
//! It is one task on the engine. It reconnects at once, unless connections keep ending soon or the broker refused; then
//! it backs off. The task starts when the connection is first used. After [`Supervisor::close`], or after the handle is
//! dropped, it waits for a limited time until all [`Connections`] handles are dropped. Then it ends. The task owns the
//! hosts, the back-off and the status. It must not declare anything.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::super::amqp::{Connection, Connector, Fault};
use super::super::backoff::Pace;
use super::super::settings::Settings;
use super::dial::Dialler;
use super::engine::Engine;
use super::failure_log::FailureLog;
use super::nudge::{Nudge, Nudged};
use super::progress::Progress;
use crate::error::Stage;
use crate::metrics;
use crate::sync::Mutex;
use crate::transport::TransportState;
use crate::{Error, Result};

/// How long the users of a connection may use it for cleaning up before it is closed.
const LEAVE_DEADLINE: Duration = Duration::from_secs(5);

/// The state of the connection.
#[derive(Debug, Clone)]
struct Status {
    state: State,
    /// How many attempts to connect have failed so far.
    failures: u64,
    /// When the connection became ready, or ceased to be.
    since: Instant,
    /// While the broker accepts no messages: since when, and why.
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

    /// The state as operators see it.
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
                broker: connection.address().into(),
                why: why.clone(),
            },
            (State::Ready(connection), None) => TransportState::Connected {
                since,
                broker: connection.address().into(),
            },
            (State::Closed, _) => TransportState::Closed,
        }
    }
}

#[derive(Debug, Clone)]
enum State {
    /// The connection was not needed yet.
    Idle,
    /// The connection is being made.
    Connecting {
        /// Why the last attempt failed, or why the last connection ended.
        why: Option<Arc<str>>,
    },
    Ready(Arc<Connection>),
    Closed,
}

/// The handle to a connection that is kept alive. Dropping it ends the connection.
#[derive(Debug)]
pub(crate) struct Supervisor {
    status: watch::Receiver<Status>,
    stop: watch::Sender<bool>,
    /// Tells the task that a caller waits.
    nudge: Nudge,
    users: watch::Sender<()>,
    engine: Arc<Engine>,
    /// The task, until the first use starts it.
    task: Mutex<Option<SupervisorTask>>,
}

impl Supervisor {
    /// The supervisor of a connection. Operators see it as `name`, and metrics have its `role` as a label. It does not
    /// connect before it is used.
    pub(crate) fn new(
        settings: &Settings,
        connector: Arc<Connector>,
        engine: Arc<Engine>,
        failure_log: Arc<FailureLog>,
        name: String,
        role: &'static str,
    ) -> Self {
        let (status, watching) = watch::channel(Status::new(State::Idle));
        let stop = watch::Sender::new(false);
        let nudge = Nudge::default();
        let users = watch::Sender::new(());
        let hosts = settings.hosts.clone();
        let task = SupervisorTask {
            dialler: Dialler::new(
                connector,
                name,
                hosts,
                settings.backoff,
                failure_log,
                nudge.listen(),
            ),
            role,
            nudged: nudge.listen(),
            pace: Pace::new(settings.backoff),
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

    /// The state of the connection, as operators see it.
    pub(crate) fn state(&self) -> TransportState {
        self.status.borrow().shown()
    }

    /// The changes of the connection's state from now on.
    pub(crate) fn changes(&self) -> Changes {
        let mut status = self.status.clone();
        status.mark_unchanged();
        Changes(status)
    }

    fn take_task(&self) -> Option<SupervisorTask> {
        self.task.lock().take()
    }

    /// Starts to connect, unless that was done before.
    pub(crate) fn start(&self) -> Result<()> {
        let mut task = self.task.lock();
        if task.is_some() {
            // Before the task is taken: if the thread cannot be started now, a later call can still start the task.
            self.engine.start()?;
        }
        if let Some(task) = task.take() {
            self.engine.spawn(task.run())?;
        }
        Ok(())
    }

    /// The connection, if it is up.
    pub(crate) fn ready(&self) -> Option<Arc<Connection>> {
        match &self.status.borrow().state {
            State::Ready(connection) if connection.is_up() && !*self.stop.borrow() => {
                Some(connection.clone())
            }
            _ => None,
        }
    }

    /// Waits for a connection. `failed` gets the reason of each failed attempt to connect, and returns an error to end the
    /// wait. An urgent caller allows no retry.
    ///
    /// Cancel safe: the attempts to connect continue if the future is dropped.
    pub(crate) async fn connection(
        &self,
        is_urgent: bool,
        mut failed: impl FnMut(&Arc<str>) -> Result<()>,
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
                return Err(Error::new_closed());
            }
            match now.state {
                State::Ready(connection) if connection.is_up() => return Ok(connection),
                State::Closed => return Err(Error::new_closed()),
                State::Connecting { why } => {
                    let reason = why
                        .clone()
                        .unwrap_or_else(|| "the connection failed".into());
                    while seen < now.failures {
                        seen += 1;
                        failed(&reason)?;
                    }
                    progress.set(Stage::Connection(why));
                }
                State::Idle | State::Ready(_) => progress.set(Stage::Connection(None)),
            }
            if !nudged {
                // A new caller need not wait for the end of a long back-off.
                nudged = true;
                self.nudge.send(is_urgent);
            }
            if status.changed().await.is_err() {
                return Err(Error::new_closed());
            }
        }
    }

    /// The connections that are made, one after the other, for a task that must not keep the supervisor alive. After
    /// the supervisor is closed, its last connection stays up for a limited time, while there are [`Connections`]
    /// handles.
    pub(crate) fn connections(&self) -> Connections {
        Connections {
            status: self.status.clone(),
            _user: self.users.subscribe(),
        }
    }

    /// Completes when the supervisor begins to close.
    pub(crate) async fn closing(&self) {
        // Cannot fail: the sender is in `self`.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Closes the connection. Returns once the task has ended.
    pub(crate) async fn close(&self) {
        self.stop.send_replace(true);
        if let Some(task) = self.take_task() {
            set(&task.status, State::Closed);
        }
        let mut status = self.status.clone();
        // Fails once the task has ended, since it then drops the sender.
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
    /// Waits for a connection that is up. `None` once the supervisor is closed.
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

    /// The connection, if one is up now.
    pub(crate) fn current(&self) -> Option<Arc<Connection>> {
        match &self.status.borrow().state {
            State::Ready(connection) if connection.is_up() => Some(connection.clone()),
            _ => None,
        }
    }
}

/// The changes of a connection's state since this was made.
#[derive(Debug)]
pub(crate) struct Changes(watch::Receiver<Status>);

impl Changes {
    /// Waits for the next change. It never returns after the change to `Closed`.
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
    /// Each [`Connections`] handle has a receiver of this.
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
        let name = dialler.name().to_owned();
        let leave = async {
            // `close` was called, or the handle was dropped.
            let _ = stop.wait_for(|stop| *stop).await;
            if timeout(LEAVE_DEADLINE, users.closed()).await.is_err() {
                tracing::warn!(
                    connection = name,
                    "not all users of the connection cleaned up in time: private queues may remain"
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

/// Makes the connection, and makes it again each time it ends. Never returns.
async fn keep_connected(
    role: &'static str,
    mut dialler: Dialler,
    mut pace: Pace,
    mut nudged: Nudged,
    status: &watch::Sender<Status>,
) {
    // Why the broker closed the last connection, if it will most likely do so again.
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
        let (broker, name) = (connection.address().to_owned(), dialler.name());
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
            // Reconnects at once, unless connections keep ending soon.
            pace.after(since.elapsed())
        };
        nudged.pause(pause).await;
    }
}

/// Updates the status when the broker stops or resumes accepting messages. Never returns.
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
        // Cannot fail: `connection` owns the sender.
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

/// Sets the state to connecting. Without a new reason, it keeps that of the last failure.
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
