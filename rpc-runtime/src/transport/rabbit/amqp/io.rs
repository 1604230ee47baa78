//! One connection's way in and out, shared by all who use it: lapin, the I/O task, and this library's channels.
//!
//! It ends once. The reason is stored before anybody is woken, so that everybody reports the same one.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::watch;

use super::broker_version::BrokerVersion;
use super::channels::Channels;
use super::confirm_times::ConfirmMonitor;
use super::fault::{Reason, explain_io};
use super::heartbeat::Heartbeat;
use super::lapin_pipe::{End, LapinPipe};
use super::login::SaslResponse;
use super::write_queue::WriteQueue;

/// How long the broker may take to answer what it answers from memory.
pub(crate) const CONTROL_DEADLINE: Duration = Duration::from_secs(20);
/// How long a confirm may take while the broker is not blocked: it is durable writing at worst.
const CONFIRM_DEADLINE: Duration = Duration::from_secs(30);
/// How often [`Io::give_up_overdue`] is to be called.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// What all parts of one connection share.
#[derive(Debug)]
pub(super) struct Io {
    pub(super) write_queue: WriteQueue,
    pub(super) lapin_pipe: LapinPipe,
    pub(super) channels: Channels,
    pub(super) heartbeat: Heartbeat,
    version: OnceLock<BrokerVersion>,
    pub(super) monitor: Arc<ConfirmMonitor>,
    /// Why the broker closes the connection, if it says so.
    closed_by_broker: OnceLock<Reason>,
    /// Why the connection has ended.
    down: watch::Sender<Option<Reason>>,
    /// Why the broker accepts no messages for now.
    blocked: watch::Sender<Option<Reason>>,
}

impl Io {
    /// The state of a new connection. `tcp` is where any task may write, if there is such a place; lapin's login is
    /// completed by `response`.
    pub(super) fn new(tcp: Option<Arc<OwnedWriteHalf>>, response: Option<SaslResponse>) -> Self {
        Self {
            write_queue: WriteQueue::new(tcp, response),
            lapin_pipe: LapinPipe::default(),
            channels: Channels::default(),
            heartbeat: Heartbeat::default(),
            version: OnceLock::new(),
            monitor: Arc::default(),
            closed_by_broker: OnceLock::new(),
            down: watch::Sender::new(None),
            blocked: watch::Sender::new(None),
        }
    }

    /// The socket has ended. lapin may still read what has arrived.
    pub(super) fn end(&self, end: End) {
        let why = match &end {
            End::Closed => "the connection was cut".into(),
            End::Broken(error) => explain_io(error),
        };
        self.set_down(&why);
        self.lapin_pipe.end(end);
        self.write_queue.abort();
    }

    /// Breaks the connection off: whatever waits on it fails at once. The first reason stands.
    pub(super) fn fail(&self, why: &str) {
        self.set_down(why);
        self.lapin_pipe.abort();
        self.write_queue.abort();
    }

    /// The broker says which version it is.
    pub(super) fn set_version(&self, version: BrokerVersion) {
        // It says so once.
        let _ = self.version.set(version);
    }

    /// Which version the broker is, if it has said so.
    pub(super) fn version(&self) -> Option<&BrokerVersion> {
        self.version.get()
    }

    /// The broker closes the connection, for this reason.
    pub(super) fn close_by_broker(&self, why: &str) {
        // It says so once.
        let _ = self.closed_by_broker.set(why.into());
        self.set_down(why);
    }

    /// Why the broker closes the connection, if it does.
    pub(super) fn closed_by_broker(&self) -> Option<&Reason> {
        self.closed_by_broker.get()
    }

    fn set_down(&self, why: &str) {
        let why: Reason = why.into();
        let first = self.down.send_if_modified(|down| {
            let first = down.is_none();
            if first {
                *down = Some(why.clone());
            }
            first
        });
        if first {
            self.channels.lost(&why);
        }
    }

    /// Whether the connection has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.down.borrow().is_some()
    }

    /// Whether the connection takes frames. It stops a moment before its end is known.
    pub(super) fn is_up(&self) -> bool {
        !self.has_ended() && self.write_queue.is_open()
    }

    /// Gives up the confirms and replies that are overdue. To be called once a second while the broker could send
    /// them.
    pub(super) fn give_up_overdue(&self) {
        let why = format!("the broker has not confirmed a message for {CONFIRM_DEADLINE:?}");
        let mut overdue = None;
        for channel in self.channels.all() {
            if let Some(confirms) = channel.confirms() {
                confirms.tick(ticks(CONFIRM_DEADLINE), &why);
            }
            let request = channel.overdue_request(ticks(CONTROL_DEADLINE));
            overdue = overdue.or(request);
        }
        if let Some(request) = overdue {
            self.fail(&format!(
                "no answer from the broker to {request} within {CONTROL_DEADLINE:?}"
            ));
        }
    }

    /// Waits for the end of the connection.
    pub(super) async fn down(&self) -> Reason {
        let mut down = self.down.subscribe();
        // The sender lives as long as this borrow of it.
        let why = down.wait_for(Option::is_some).await;
        let why = why.ok().and_then(|why| why.clone());
        why.unwrap_or_else(|| "the connection was closed".into())
    }

    /// The same, for a waiter that must not keep the connection alive.
    pub(super) fn watch_down(&self) -> watch::Receiver<Option<Reason>> {
        self.down.subscribe()
    }

    /// The broker accepts no messages for this reason, or accepts them again.
    pub(super) fn set_blocked(&self, why: Option<Reason>) {
        self.blocked.send_replace(why);
    }

    /// Why the broker accepts no messages, if so.
    pub(super) fn blockage(&self) -> Option<Reason> {
        self.blocked.borrow().clone()
    }

    /// Follows [`blockage`](Self::blockage).
    pub(super) fn watch_blocked(&self) -> watch::Receiver<Option<Reason>> {
        self.blocked.subscribe()
    }

    /// Waits until the broker accepts messages, or the connection has ended.
    pub(super) async fn unblocked(&self) {
        let mut blocked = self.blocked.subscribe();
        tokio::select! {
            _ = blocked.wait_for(Option::is_none) => {}
            _ = self.down() => {}
        }
    }
}

fn ticks(time: Duration) -> u32 {
    u32::try_from(time.as_secs() / TICK.as_secs()).unwrap_or(u32::MAX)
}

/// Breaks a connection off, unless disarmed.
pub(super) struct AbortOnDrop(Option<Arc<Io>>);

impl AbortOnDrop {
    pub(super) fn new(io: Arc<Io>) -> Self {
        Self(Some(io))
    }

    pub(super) fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(io) = &self.0 {
            io.fail("the connection was given up");
        }
    }
}
