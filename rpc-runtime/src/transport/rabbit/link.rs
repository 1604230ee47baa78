//! One live connection: its end, its blockage, and the calls that may hang on it.
//!
//! A link is used until it fails and never repaired. lapin may leave any control call unanswered when a
//! connection dies in that instant, so each has a deadline here; one that passes it ends the link. The
//! supervisor owns the link and attends to its events; everybody else borrows it.

use std::collections::HashSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_core::Stream;
use lapin::types::ShortString;
use lapin::{Channel, Event};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{interval, sleep, timeout};

use super::bindings::Tries;
use super::connector::Connected;
use super::fault::{Fault, explain};
use super::inbound::Inbound;
use super::lanes::Lanes;
use super::port::Port;
use super::pulse::{self, Pulse};
use crate::mutex::lock;

/// How long the broker may take to answer what it answers from memory.
pub(super) const CONTROL_DEADLINE: Duration = Duration::from_secs(20);
/// How long a confirm may take while the broker is not blocked: it is durable writing at worst.
const CONFIRM_DEADLINE: Duration = Duration::from_secs(30);
/// How often is looked whether one is late.
const CONFIRM_TICK: Duration = Duration::from_secs(1);
/// How long an orderly close may take.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// A live connection, until it is not.
pub(super) struct Link {
    connection: lapin::Connection,
    port: Arc<Port>,
    inbound: Inbound,
    pulse: Pulse,
    /// The engine's: what must outlive a caller runs there.
    runtime: Handle,
    place: String,
    /// Why the link has ended.
    down: watch::Sender<Option<Arc<str>>>,
    /// Why the broker takes no messages at present.
    blocked: watch::Sender<Option<Arc<str>>>,
    pub(super) lanes: Lanes,
    /// Exchanges known to exist: those that do not vanish by themselves.
    declared: Mutex<HashSet<ShortString>>,
    pub(super) binding_tries: Tries,
    /// The channel to declare on. It dies of each refusal, and nothing else should die with it.
    pub(super) declaring: tokio::sync::Mutex<Option<Channel>>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("place", &self.place)
            .field("down", &*self.down.borrow())
            .field("blocked", &*self.blocked.borrow())
            .finish_non_exhaustive()
    }
}

impl Link {
    /// To be called on the engine.
    pub(super) fn new(connected: Connected, place: String) -> Self {
        let Connected {
            connection,
            port,
            inbound,
            pulse,
        } = connected;
        Self {
            connection,
            port,
            inbound,
            pulse,
            runtime: Handle::current(),
            place,
            down: watch::Sender::new(None),
            blocked: watch::Sender::new(None),
            lanes: Lanes::default(),
            declared: Mutex::default(),
            binding_tries: Tries::default(),
            declaring: tokio::sync::Mutex::default(),
        }
    }

    /// Where the broker is.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(super) fn is_up(&self) -> bool {
        self.down.borrow().is_none()
            && !self.port.has_ended()
            && self.connection.status().connected()
    }

    /// Ends the link. The first reason stands.
    pub(super) fn fail(&self, why: &str) {
        let why: Arc<str> = why.into();
        let first = self.down.send_if_modified(|down| {
            let first = down.is_none();
            if first {
                *down = Some(why.clone());
            }
            first
        });
        self.port.abort();
        if first {
            self.inbound.publishing.lost(&why);
        }
    }

    /// Waits for the end of the link.
    pub(super) async fn down(&self) -> Arc<str> {
        let mut down = self.down.subscribe();
        // The sender lives as long as this borrow of it.
        match down.wait_for(Option::is_some).await {
            Ok(why) => why
                .clone()
                .unwrap_or_else(|| "the connection was closed".into()),
            Err(_) => "the connection was closed".into(),
        }
    }

    /// Why the broker takes no messages, if so.
    pub(super) fn blockage(&self) -> Option<Arc<str>> {
        self.blocked.borrow().clone()
    }

    /// Waits until the broker takes messages, or the link is down.
    pub(super) async fn unblocked(&self) {
        let mut blocked = self.blocked.subscribe();
        tokio::select! {
            _ = blocked.wait_for(Option::is_none) => {}
            _ = self.down() => {}
        }
    }

    /// Follows the connection's events until it is down. For the supervisor alone: a second listener
    /// would take events away from the first.
    pub(super) async fn attend(&self) -> Arc<str> {
        let mut events = pin!(self.connection.events_listener());
        // What happened before the first event was listened to.
        if !self.connection.status().connected() {
            self.fail("the connection was cut");
        }
        if self.connection.status().blocked() {
            self.block("the broker is low on memory or disk");
        }
        let mut down = pin!(self.down());
        let mut silence = pin!(self.silence());
        let mut ticks = interval(CONFIRM_TICK);
        loop {
            let event = tokio::select! {
                biased;
                why = &mut down => return why,
                limit = &mut silence => {
                    self.fail(&format!(
                        "the broker's heartbeats stopped: nothing has arrived for {limit:?}"
                    ));
                    continue;
                }
                _ = ticks.tick() => {
                    self.tick();
                    continue;
                }
                event = poll_fn(|context| events.as_mut().poll_next(context)) => event,
            };
            match event {
                Some(Event::ConnectionBlocked(reason)) => self.block(&reason),
                Some(Event::ConnectionUnblocked) => {
                    tracing::info!(broker = %self.place, "the broker accepts messages again");
                    self.blocked.send_replace(None);
                }
                // lapin reports the end of a channel here, too: that is its users' business.
                Some(Event::Error(error))
                    if error.is_amqp_soft_error() && self.connection.status().connected() => {}
                Some(Event::Error(error)) => self.fail(&explain(&error)),
                Some(_) => {}
                None => self.fail("the connection was cut"),
            }
        }
    }

    /// Gives up the confirms that are late. A blocked broker gives none.
    fn tick(&self) {
        if self.blockage().is_none() {
            let ticks = CONFIRM_DEADLINE.as_secs() / CONFIRM_TICK.as_secs();
            let why = format!("the broker has not confirmed a message for {CONFIRM_DEADLINE:?}");
            self.inbound
                .publishing
                .tick(u32::try_from(ticks).unwrap_or(u32::MAX), &why);
        }
    }

    /// Done when the broker has been silent for longer than it can be while it lives.
    async fn silence(&self) -> Duration {
        let Some(limit) = pulse::limit(self.connection.configuration().heartbeat()) else {
            return std::future::pending().await;
        };
        self.pulse.lost(limit).await;
        limit
    }

    fn block(&self, reason: &str) {
        tracing::warn!(broker = %self.place, reason, "the broker accepts no messages for now");
        self.blocked.send_replace(Some(reason.into()));
    }

    /// Ends the link in good order, if it still can.
    pub(super) async fn close(&self) {
        // A blocked connection writes nothing, not even its close.
        if self.is_up() && self.blockage().is_none() {
            let close = self.connection.close(200, "OK".into());
            if let Ok(Err(error)) = timeout(CLOSE_DEADLINE, close).await {
                tracing::debug!(broker = %self.place, error = explain(&error), "close failed");
            }
        }
        self.fail("the transport was closed");
    }

    /// Waits for the broker's answer, for the end of the link, or for too long.
    pub(super) async fn control<T>(
        &self,
        what: &str,
        call: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, Fault> {
        tokio::select! {
            biased;
            answer = call => answer.map_err(|error| {
                // A refusal by the whole connection must not be taken for the link's other users'.
                if !self.connection.status().connected() {
                    self.fail(&explain(&error));
                }
                Fault::of(&error)
            }),
            why = self.down() => Err(Fault::ended(why)),
            () = self.patience(CONTROL_DEADLINE) => {
                let why = format!("no answer from the broker to {what} within {CONTROL_DEADLINE:?}");
                self.fail(&why);
                Err(Fault::lost(why))
            }
        }
    }

    /// Lets `time` pass in which the broker could have answered: while it is blocked, it cannot.
    pub(super) async fn patience(&self, time: Duration) {
        loop {
            sleep(time).await;
            if self.blockage().is_none() {
                return;
            }
            self.unblocked().await;
        }
    }

    pub(super) async fn open_channel(&self) -> Result<Channel, Fault> {
        self.control("the opening of a channel", self.connection.create_channel())
            .await
    }

    /// The way past lapin.
    pub(super) fn port(&self) -> &Arc<Port> {
        &self.port
    }

    /// The longest frame that the broker takes, in bytes.
    pub(super) fn frame_max(&self) -> usize {
        let agreed = self.connection.configuration().frame_max();
        usize::try_from(agreed).unwrap_or(usize::MAX)
    }

    /// What is read before lapin sees it.
    pub(super) fn inbound(&self) -> &Inbound {
        &self.inbound
    }

    pub(super) fn has_declared(&self, exchange: &ShortString) -> bool {
        lock(&self.declared).contains(exchange)
    }

    pub(super) fn note_declared(&self, exchange: &ShortString) {
        lock(&self.declared).insert(exchange.clone());
    }

    pub(super) fn forget_declared(&self, exchange: &ShortString) {
        lock(&self.declared).remove(exchange);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.fail("the transport was closed");
    }
}
