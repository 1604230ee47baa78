//! The state of one connection that lapin, the I/O task and this library's channels share.
//!
//! A connection ends once. The reason must be stored before any waiter is woken, so that all waiters report the same
//! one. The I/O task and the channels own [`Io`] together; the socket belongs to the I/O task.

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

/// How long the broker may take to answer an acknowledgement.
pub(crate) const RECEIPT_DEADLINE: Duration = Duration::from_secs(20);
/// How long the broker may take to answer a request. RabbitMQ itself waits for a queue's node for a minute.
const REQUEST_DEADLINE: Duration = Duration::from_secs(75);
/// How long a confirm may take while the broker does not block the connection. The broker may have to write to disk.
const CONFIRM_DEADLINE: Duration = Duration::from_secs(30);
/// The interval at which [`Io::give_up_overdue`] must be called.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// The shared state of one connection.
#[derive(Debug)]
pub(super) struct Io {
    pub(super) write_queue: WriteQueue,
    pub(super) lapin_pipe: LapinPipe,
    pub(super) channels: Channels,
    pub(super) heartbeat: Heartbeat,
    version: OnceLock<BrokerVersion>,
    pub(super) monitor: Arc<ConfirmMonitor>,
    /// The broker's reason, if it closed the connection.
    closed_by_broker: OnceLock<Reason>,
    /// Why the connection has ended.
    down: watch::Sender<Option<Reason>>,
    /// Why the broker accepts no messages for now.
    blocked: watch::Sender<Option<Reason>>,
}

impl Io {
    /// The state of a new connection. Any task may write to `tcp`; without it, only the I/O task writes. `response`
    /// goes into lapin's login frame.
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

    /// Handles the end of the socket. lapin can still read the bytes that have arrived.
    pub(super) fn end(&self, end: End) {
        let why = match &end {
            End::Closed => "the connection was cut".into(),
            End::Broken(error) => explain_io(error),
        };
        self.set_down(&why);
        self.lapin_pipe.end(end);
        self.write_queue.abort();
    }

    /// Aborts the connection: everything that waits for it fails at once. If it has already ended, its first reason
    /// stays.
    pub(super) fn fail(&self, why: &str) {
        self.set_down(why);
        self.lapin_pipe.abort();
        self.write_queue.abort();
    }

    /// Sets the broker's version.
    pub(super) fn set_version(&self, version: BrokerVersion) {
        // Fails only if the broker repeats `connection.start`.
        let _ = self.version.set(version);
    }

    /// The broker's version, if the broker has named it.
    pub(super) fn version(&self) -> Option<&BrokerVersion> {
        self.version.get()
    }

    /// Handles the broker's close of the connection.
    pub(super) fn close_by_broker(&self, why: &str) {
        // Fails only if the broker repeats `connection.close`.
        let _ = self.closed_by_broker.set(why.into());
        self.set_down(why);
    }

    /// The broker's reason, if it closed the connection.
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

    /// Whether frames can be sent. If lapin ends the stream, it becomes false before the reason is known.
    pub(super) fn is_up(&self) -> bool {
        !self.has_ended() && self.write_queue.is_open()
    }

    /// Fails the confirms that are overdue. Aborts the connection if a reply is overdue. Call it each [`TICK`] in which
    /// the broker could have sent them.
    pub(super) fn give_up_overdue(&self) {
        let why = format!("the broker has not confirmed a message for {CONFIRM_DEADLINE:?}");
        let mut overdue = None;
        for channel in self.channels.all() {
            if let Some(confirms) = channel.confirms() {
                confirms.tick(ticks(CONFIRM_DEADLINE), &why);
            }
            let request = channel.overdue_request(ticks(REQUEST_DEADLINE));
            overdue = overdue.or(request);
        }
        if let Some(request) = overdue {
            self.fail(&format!(
                "no answer from the broker to {request} within {REQUEST_DEADLINE:?}"
            ));
        }
    }

    /// Waits for the end of the connection, and returns the reason.
    pub(super) async fn down(&self) -> Reason {
        let mut down = self.down.subscribe();
        // Cannot fail: `self` owns the sender.
        let why = down.wait_for(Option::is_some).await;
        let why = why.ok().and_then(|why| why.clone());
        why.unwrap_or_else(|| "the connection was closed".into())
    }

    /// A receiver of the end of the connection, for a waiter that must not keep this state alive.
    pub(super) fn watch_down(&self) -> watch::Receiver<Option<Reason>> {
        self.down.subscribe()
    }

    /// Sets why the broker accepts no messages. `None` if it accepts them.
    pub(super) fn set_blocked(&self, why: Option<Reason>) {
        self.blocked.send_replace(why);
    }

    /// Why the broker accepts no messages. `None` if it accepts them.
    pub(super) fn blockage(&self) -> Option<Reason> {
        self.blocked.borrow().clone()
    }

    /// Follows [`blockage`](Self::blockage).
    pub(super) fn watch_blocked(&self) -> watch::Receiver<Option<Reason>> {
        self.blocked.subscribe()
    }

    /// Waits until the broker accepts messages or the connection has ended.
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

/// Aborts a connection when dropped, unless it was disarmed.
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
