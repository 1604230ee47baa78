//! `memory://NAME`: a broker inside the process.
//!
//! It behaves like an external broker: topics with round robin among their listeners, messages to one server, fanout,
//! expiry, and undeliverable messages. A listener that is closed requeues the requests that it has not taken, except
//! fanouts. Messages are serialised as for an external one. The [`broker`] owns the state; the driver, its listeners
//! and its responders only refer to it.

mod broker;

use std::fmt;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    Arrival, CallTerms, Driver, Host, Incoming, ListenTerms, Listener, ReplyTable, Responder,
    SendTerms, TransportState, TransportUrl, UrlError, unserved::Unserved,
};
use crate::error::Stage;
use crate::excerpt::excerpt;
use crate::metrics::{self, Lost, Unpublished, Waiting};
use crate::span;
use crate::sync::Mutex;
use crate::wire::{MessageId, Named, Reply, ReplyTo, RequestBody};
use crate::{Error, Result, Target};

use broker::{Broker, ConsumerId, Message, Wakeup};

/// The driver of one transport: a handle to a broker, and the transport's waiting calls.
pub(super) struct MemoryDriver {
    broker: Arc<Broker>,
    reply_queue: String,
    waiting: ReplyTable,
    listeners: Mutex<Listeners>,
    state: watch::Sender<TransportState>,
    unserved: Unserved<Address>,
}

/// What the queues of a target are named after: its exchange, topic and server.
type Address = (String, String, Option<String>);

/// The listeners of one transport. None is added once `closed` is set.
#[derive(Default)]
struct Listeners {
    wakeups: Vec<Weak<Wakeup>>,
    closed: bool,
}

impl MemoryDriver {
    /// Finds or makes the broker that the URL names. All transports of one name in this process share a broker.
    /// Without a name, `memory://` makes a broker of its own, and all `fake://` URLs share one, as in oslo.messaging.
    pub(super) fn new(url: &TransportUrl) -> Result<Self, UrlError> {
        if let Some((option, _)) = url.options().first() {
            return Err(UrlError::UnknownOption(
                option.clone(),
                ": `memory://` has no options".into(),
            ));
        }
        let name = match url.hosts() {
            _ if url.virtual_host().is_some() => {
                let what = "a broker in memory has no virtual hosts: write `memory://NAME`";
                return Err(UrlError::Conflict(what.into()));
            }
            [] if url.driver() == "memory" => None,
            [] => Some(String::new()),
            [
                Host {
                    name,
                    port: None,
                    user: None,
                    password: None,
                },
            ] => Some(name.clone()),
            _ => {
                let what = "a broker in memory has a name and nothing else: write `memory://NAME`";
                return Err(UrlError::Conflict(what.into()));
            }
        };
        let broker = name.map_or_else(Arc::default, Broker::named);
        let reply_queue = format!("reply_{}", MessageId::unique());
        let waiting = ReplyTable::new();
        broker
            .state
            .lock()
            .reply_queues
            .insert(reply_queue.clone(), waiting.clone());
        Ok(Self {
            broker,
            reply_queue,
            waiting,
            listeners: Mutex::default(),
            state: watch::Sender::new(TransportState::Connected {
                since: Instant::now(),
                broker: "memory".into(),
            }),
            unserved: Unserved::default(),
        })
    }

    /// Puts a message into its queues. If it is mandatory and has no queue, it waits until a listener declares one,
    /// `terms.queue_wait` is over, or the transport is closed.
    async fn publish(&self, target: &Target, message: Message, terms: &SendTerms) -> Result<()> {
        match self.try_publish(target, message)? {
            Ok(()) => {
                self.report_served(target);
                Ok(())
            }
            // Boxed, since few messages wait: the other messages' futures need no room for it.
            Err(message) if terms.mandatory && !target.fanout => {
                Box::pin(self.wait_and_publish(target, message, terms.queue_wait)).await
            }
            Err(_) => Ok(()),
        }
    }

    /// Logs that a target has a server again, if messages to it had none before.
    fn report_served(&self, target: &Target) {
        if self.unserved.ends(|| address(target)) {
            tracing::info!(%target, "the target is served again");
        }
    }

    async fn wait_and_publish(
        &self,
        target: &Target,
        message: Message,
        queue_wait: Duration,
    ) -> Result<()> {
        metrics::publish_failed(Unpublished::Returned);
        // The wait ends at the call's deadline, so that the error names the missing queue and not the timeout.
        let left = message
            .expires
            .map(|expires| expires.saturating_duration_since(Instant::now()));
        let wait = left.map_or(queue_wait, |left| left.min(queue_wait));
        if wait.is_zero() {
            return Err(Error::new_undeliverable(target));
        }
        if self.unserved.begins(address(target)) {
            let named = Named::in_body(&message.body);
            tracing::warn!(
                %target, method = named.method(), request_id = named.request_id(),
                message_id = named.message_id(), unique_id = named.unique_id(),
                "nobody serves the target: waiting for a server to declare its queue"
            );
        }
        let published = timeout(wait, self.publish_when_declared(target, message)).await;
        published.unwrap_or_else(|_| Err(Error::new_undeliverable(target)))?;
        self.report_served(target);
        Ok(())
    }

    /// Puts a message into its queues. Returns the message if no queue is bound for it.
    fn try_publish(&self, target: &Target, message: Message) -> Result<Result<(), Message>> {
        if self.listeners.lock().closed {
            return Err(Error::new_closed());
        }
        Ok(self.broker.state.lock().publish(target, message))
    }

    async fn publish_when_declared(&self, target: &Target, mut message: Message) -> Result<()> {
        loop {
            // Enabled before the attempt, so that no declaration between the attempt and the wait is missed.
            let mut declared = pin!(self.broker.declared.notified());
            declared.as_mut().enable();
            match self.try_publish(target, message)? {
                Ok(()) => return Ok(()),
                Err(back) => message = back,
            }
            declared.await;
        }
    }
}

fn address(target: &Target) -> Address {
    (
        target.exchange_name().to_owned(),
        target.topic.clone(),
        target.server.clone(),
    )
}

#[async_trait]
impl Driver for MemoryDriver {
    async fn send(&self, target: &Target, request: RequestBody, terms: &SendTerms) -> Result<()> {
        let message = Message {
            body: request.cast(),
            expires: None,
        };
        self.publish(target, message, terms).await
    }

    async fn call(
        &self,
        target: &Target,
        request: RequestBody,
        terms: &CallTerms,
    ) -> Result<Reply> {
        let mut registration = self.waiting.register()?;
        span::message_id(registration.id());
        let message = Message {
            body: request.call(registration.id(), &self.reply_queue, terms.monitor),
            expires: Some(terms.deadline),
        };
        self.publish(target, message, &terms.send).await?;
        timeout_at(terms.deadline, registration.reply(target, terms))
            .await
            .unwrap_or_else(|_| Err(Error::new_timeout(target, terms.timeout, Stage::Reply)))
    }

    fn system(&self) -> &'static str {
        "memory"
    }

    async fn listen(&self, target: &Target, terms: &ListenTerms) -> Result<Box<dyn Listener>> {
        let mut listeners = self.listeners.lock();
        if listeners.closed {
            return Err(Error::new_closed());
        }
        let wakeup = Arc::new(Wakeup::default());
        let id = self
            .broker
            .state
            .lock()
            .listen(target, terms, wakeup.clone());
        self.broker.declared.notify_waiters();
        listeners.wakeups.retain(|wakeup| wakeup.strong_count() > 0);
        listeners.wakeups.push(Arc::downgrade(&wakeup));
        let listener: Box<dyn Listener> = Box::new(MemoryListener {
            broker: self.broker.clone(),
            id,
            wakeup,
            permits: Arc::new(Semaphore::new(terms.concurrency)),
            topic: target.topic.clone(),
        });
        Ok(listener)
    }

    async fn connect(&self) -> Result<()> {
        match self.state() {
            TransportState::Closed => Err(Error::new_closed()),
            _ => Ok(()),
        }
    }

    fn state(&self) -> TransportState {
        self.state.borrow().clone()
    }

    async fn state_changed(&self, seen: &TransportState) -> TransportState {
        let mut state = self.state.subscribe();
        let changed = state.wait_for(|state| state != seen).await;
        let changed = changed.map(|state| state.clone());
        match changed {
            Ok(state) => state,
            // Cannot happen: `self` owns the sender.
            Err(_) => std::future::pending().await,
        }
    }

    async fn close(&self) {
        self.state.send_replace(TransportState::Closed);
        self.waiting.close();
        let mut listeners = self.listeners.lock();
        listeners.closed = true;
        for wakeup in listeners
            .wakeups
            .drain(..)
            .filter_map(|wakeup| wakeup.upgrade())
        {
            wakeup.closed.store(true, Ordering::Release);
            wakeup.arrival.notify_one();
        }
        drop(listeners);
        self.broker.declared.notify_waiters();
    }
}

impl Drop for MemoryDriver {
    fn drop(&mut self) {
        self.broker
            .state
            .lock()
            .reply_queues
            .remove(&self.reply_queue);
    }
}

impl fmt::Debug for MemoryDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDriver")
            .field("reply_queue", &self.reply_queue)
            .field("calls_waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

struct MemoryListener {
    broker: Arc<Broker>,
    id: ConsumerId,
    wakeup: Arc<Wakeup>,
    permits: Arc<Semaphore>,
    topic: String,
}

#[async_trait]
impl Listener for MemoryListener {
    async fn next(&mut self) -> Option<Arrival> {
        let mut waiting = Waiting::begin();
        loop {
            if self.wakeup.closed.load(Ordering::Acquire) {
                return None;
            }
            // A request is taken only with a permit to run it. No other task takes this listener's permits.
            let Ok(permit) = self.permits.clone().try_acquire_owned() else {
                tokio::select! {
                    biased;
                    _ = self.permits.acquire() => {}
                    // The notification may be that the listener was closed.
                    () = self.wakeup.arrival.notified() => {}
                }
                continue;
            };
            let taken = self.broker.state.lock().take(self.id);
            if let Some(message) = taken {
                waiting.permitted(&self.topic);
                let responder = Arc::new(MemoryResponder {
                    broker: self.broker.clone(),
                    _permit: permit,
                });
                return Some(Arrival::Request(Incoming::new(message.body, responder)));
            }
            self.wakeup.arrival.notified().await;
            waiting = Waiting::begin();
        }
    }

    async fn close(&mut self) {
        self.wakeup.closed.store(true, Ordering::Release);
        self.broker.state.lock().unlisten(self.id);
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        self.broker.state.lock().unlisten(self.id);
    }
}

struct MemoryResponder {
    broker: Arc<Broker>,
    _permit: OwnedSemaphorePermit,
}

#[async_trait]
impl Responder for MemoryResponder {
    async fn reply(self: Arc<Self>, to: &ReplyTo, body: Bytes) -> Result<()> {
        let table = self
            .broker
            .state
            .lock()
            .reply_queues
            .get(&to.queue)
            .cloned();
        match (table, Reply::take(body)) {
            (Some(table), Ok(reply)) => table.complete(reply),
            (None, _) => {
                metrics::replies_dropped(1, Lost::Unsent);
                let (queue, message_id) = (&*excerpt(&to.queue), &*excerpt(&to.message_id));
                tracing::debug!(
                    queue,
                    method = to.method(),
                    request_id = to.request_id(),
                    message_id,
                    "dropped a reply: the caller's reply queue is gone"
                );
            }
            (_, Err(error)) => {
                metrics::replies_dropped(1, Lost::Unreadable);
                let message_id = &*excerpt(&to.message_id);
                tracing::warn!(
                    method = to.method(),
                    request_id = to.request_id(),
                    message_id,
                    %error,
                    "dropped a reply that cannot be read"
                );
            }
        }
        Ok(())
    }
}

impl fmt::Debug for MemoryResponder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryResponder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn driver(url: &str) -> Result<MemoryDriver, UrlError> {
        MemoryDriver::new(&url.parse()?)
    }

    #[test]
    fn transports_of_one_name_share_a_broker() {
        let same = |one: &str, other: &str| {
            let (one, other) = (driver(one).unwrap(), driver(other).unwrap());
            Arc::ptr_eq(&one.broker, &other.broker)
        };
        assert!(same("memory://a", "memory://a"));
        assert!(same("memory://a", "fake://a"));
        assert!(same("fake://", "fake:///"));
        assert!(!same("memory://a", "memory://b"));
        assert!(!same("memory://", "memory://"));
    }

    #[test]
    fn a_broker_is_dropped_with_its_last_transport() {
        let first = driver("memory://gone").unwrap();
        let broker = Arc::downgrade(&first.broker);
        drop(first);
        assert!(broker.upgrade().is_none());
    }

    #[test]
    fn a_url_with_more_than_a_name_is_refused() {
        for url in [
            "memory://a?x=1",
            "memory://a/b",
            "memory://a,b",
            "memory://u@a",
            "memory://a:1",
        ] {
            assert!(driver(url).is_err(), "{url}");
        }
    }
}
