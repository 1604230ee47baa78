//! One connection to one broker: its channels, its end, and whether the broker accepts messages.
//!
//! A connection is used until it fails, and must never be repaired. Each request has a deadline; a request that
//! misses it ends the connection. The supervisor owns the connection and runs [`Connection::attend`]; all other users
//! borrow it.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use lapin::Event;
use tokio::sync::futures::Notified;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::broker_version::BrokerVersion;
use super::consume_channel::ConsumeChannel;
use super::declare_channel::DeclareChannel;
use super::fault::{Fault, Reason, explain};
use super::heartbeat;
pub(crate) use super::io::RECEIPT_DEADLINE;
use super::io::{Io, TICK};
use super::lapin_stream::silent;
use super::publish_channel::PublishChannel;

/// How long an orderly close may take.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// A connection to a broker. Dropping it aborts it.
pub(crate) struct Connection {
    lapin: lapin::Connection,
    io: Arc<Io>,
    address: String,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("address", &self.address)
            .field("io", &self.io)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// A connection whose handshake is complete. `address` is the broker's host and port.
    pub(super) fn new(lapin: lapin::Connection, io: Arc<Io>, address: String) -> Self {
        io.channels.set_limit(lapin.configuration().channel_max());
        Self { lapin, io, address }
    }

    /// The broker's host and port, for log lines.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The broker's version, if the broker has named it.
    pub(crate) fn version(&self) -> Option<&BrokerVersion> {
        self.io.version()
    }

    /// Whether frames can be sent. False once the connection has ended.
    pub(crate) fn is_up(&self) -> bool {
        self.io.is_up()
    }

    /// Aborts the connection. If it has already ended, its first reason stays.
    pub(crate) fn fail(&self, why: &str) {
        self.io.fail(why);
    }

    /// See [`Io::down`].
    pub(crate) async fn down(&self) -> Reason {
        self.io.down().await
    }

    /// See [`Io::blockage`].
    pub(crate) fn blockage(&self) -> Option<Reason> {
        self.io.blockage()
    }

    /// See [`Io::watch_blocked`].
    pub(crate) fn watch_blocked(&self) -> watch::Receiver<Option<Reason>> {
        self.io.watch_blocked()
    }

    /// See [`Io::unblocked`].
    pub(crate) async fn unblocked(&self) {
        self.io.unblocked().await;
    }

    /// Whether `time` without a confirm is longer than usual on this connection.
    pub(crate) fn is_silent(&self, time: Duration) -> bool {
        self.io.monitor.is_silent(time)
    }

    /// See [`ConfirmMonitor::revived`](super::confirm_times::ConfirmMonitor::revived).
    pub(crate) fn revived(&self) -> Notified<'_> {
        self.io.monitor.revived()
    }

    /// Opens a channel to publish on.
    pub(crate) fn publish_channel(&self) -> Result<PublishChannel, Fault> {
        let frame_max = self.lapin.configuration().frame_max();
        let frame_max = usize::try_from(frame_max).unwrap_or(usize::MAX);
        PublishChannel::open(&self.io, frame_max)
    }

    /// Opens a channel to consume on.
    pub(crate) fn consume_channel(&self) -> Result<ConsumeChannel, Fault> {
        ConsumeChannel::open(&self.io)
    }

    /// Opens a channel to declare on.
    pub(crate) fn declare_channel(&self) -> Result<DeclareChannel, Fault> {
        DeclareChannel::open(&self.io)
    }

    /// Watches the connection until it has ended, and returns the reason. Call it once.
    pub(crate) async fn attend(&self) -> Reason {
        tokio::select! {
            biased;
            why = self.down() => return why,
            why = self.failed_in_lapin() => self.fail(&why),
            limit = self.silence() => self.fail(&format!(
                "the broker's heartbeats stopped: nothing has arrived for {limit:?}"
            )),
            () = self.give_up_overdue() => {}
            () = self.report_blockage() => {}
        }
        self.down().await
    }

    /// Waits until lapin reports the end of the connection.
    async fn failed_in_lapin(&self) -> String {
        // There must be only one listener: listeners compete for events.
        let mut events = pin!(self.lapin.events_listener());
        if !self.lapin.status().connected() {
            return "the connection was cut".into();
        }
        loop {
            match poll_fn(|context| events.as_mut().poll_next(context)).await {
                Some(Event::Error(error)) => return explain(&error),
                Some(_) => {}
                None => return "the connection was cut".into(),
            }
        }
    }

    /// Waits until nothing has arrived from the broker for longer than the heartbeats allow.
    async fn silence(&self) -> Duration {
        let Some(limit) = heartbeat::limit(self.lapin.configuration().heartbeat()) else {
            return std::future::pending().await;
        };
        self.io.heartbeat.lost(limit).await;
        limit
    }

    /// Gives up confirms and replies that are overdue. Never returns.
    async fn give_up_overdue(&self) {
        let mut ticks = interval(TICK);
        // Ticks that the process missed while it was suspended do not count: nothing could be read in them.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // A broker that blocks the connection does not read from it, and so answers nothing.
            if self.blockage().is_none() {
                self.io.give_up_overdue();
            }
        }
    }

    /// Logs when the broker stops or resumes accepting messages. Never returns.
    async fn report_blockage(&self) {
        let mut blocked = self.io.watch_blocked();
        let broker = &self.address;
        loop {
            // Cannot fail: `self` owns the sender.
            if let Ok(why) = blocked.wait_for(Option::is_some).await {
                let why = why.as_deref().unwrap_or_default();
                tracing::warn!(%broker, why, "the broker accepts no messages for now");
            }
            if blocked.wait_for(Option::is_none).await.is_ok() {
                tracing::info!(%broker, "the broker accepts messages again");
            }
        }
    }

    /// Closes the connection. If the broker blocks it, or does not answer in time, the connection is aborted.
    pub(crate) async fn close(&self) {
        // The broker does not read from a blocked connection, so it would not see a close.
        if self.is_up() && self.blockage().is_none() {
            let close = silent(self.lapin.close(200, "OK".into()));
            if let Ok(Err(error)) = timeout(CLOSE_DEADLINE, close).await {
                tracing::debug!(broker = %self.address, error = explain(&error), "close failed");
            }
        }
        self.fail("the transport was closed");
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.fail("the transport was closed");
    }
}
