//! `memory://NAME`: a broker within the process, with a broker's semantics and no external part.
//!
//! Topics with round robin among their listeners, directed messages, fanout, expiry, undeliverable
//! messages, acknowledgement and redelivery; messages are serialised as for a real broker. All state is
//! plain data under one lock, which is never held across an await nor while foreign code runs.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::{
    CallTerms, Delivery, Driver, Host, Incoming, ListenTerms, Listener, ReplyTable, SendTerms,
    TransportUrl, UrlError,
};
use crate::wire::{MessageId, Reply, ReplyTo, RequestBody};
use crate::{Error, Result, Stage, Target};

/// The driver of one transport: its way to a broker, and the calls that wait at it.
pub(super) struct MemoryDriver {
    broker: Arc<Broker>,
    reply_queue: String,
    waiting: ReplyTable,
    listeners: Mutex<Listeners>,
}

/// The listeners of one transport; none is added once it is closed.
#[derive(Default)]
struct Listeners {
    inboxes: Vec<Weak<Inbox>>,
    closed: bool,
}

impl MemoryDriver {
    /// The broker that the URL names, shared by all transports of that name in this process; without
    /// a name, `memory://` is a broker of its own, and `fake://` the one that all such URLs share, as
    /// in oslo.messaging.
    pub(super) fn new(url: &TransportUrl) -> Result<Self, UrlError> {
        if let Some((option, _)) = url.options().first() {
            return Err(UrlError::UnknownOption(
                option.clone(),
                ": it has none".into(),
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
            .lock()
            .reply_queues
            .insert(reply_queue.clone(), waiting.clone());
        Ok(Self {
            broker,
            reply_queue,
            waiting,
            listeners: Mutex::default(),
        })
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(
        &self,
        target: &Target,
        mandatory: bool,
        body: Bytes,
        expires: Option<Instant>,
    ) -> Result<()> {
        if self.listeners().closed {
            return Err(Error::Closed);
        }
        let message = Message { body, expires };
        if self.broker.lock().publish(target, message) || target.fanout || !mandatory {
            Ok(())
        } else {
            Err(Error::undeliverable(target))
        }
    }
}

#[async_trait]
impl Driver for MemoryDriver {
    async fn send(&self, target: &Target, request: RequestBody, terms: &SendTerms) -> Result<()> {
        self.publish(target, terms.mandatory, request.cast(), None)
    }

    async fn call(
        &self,
        target: &Target,
        request: RequestBody,
        terms: &CallTerms,
    ) -> Result<Reply> {
        let mut registration = self.waiting.register()?;
        let body = request.call(registration.id(), &self.reply_queue, terms.monitor);
        self.publish(target, terms.send.mandatory, body, Some(terms.deadline))?;
        timeout_at(terms.deadline, registration.reply(target, terms))
            .await
            .unwrap_or_else(|_| Err(Error::timeout(target, terms.timeout, Stage::Reply)))
    }

    async fn listen(&self, target: &Target, terms: &ListenTerms) -> Result<Box<dyn Listener>> {
        let mut listeners = self.listeners();
        if listeners.closed {
            return Err(Error::Closed);
        }
        let inbox = Arc::new(Inbox::default());
        let id = self.broker.lock().listen(target, terms, inbox.clone());
        listeners.inboxes.retain(|inbox| inbox.strong_count() > 0);
        listeners.inboxes.push(Arc::downgrade(&inbox));
        Ok(Box::new(MemoryListener {
            broker: self.broker.clone(),
            id,
            inbox,
        }))
    }

    async fn close(&self) {
        self.waiting.close();
        let mut listeners = self.listeners();
        listeners.closed = true;
        for inbox in listeners
            .inboxes
            .drain(..)
            .filter_map(|inbox| inbox.upgrade())
        {
            inbox.closed.store(true, Ordering::Release);
            inbox.arrival.notify_one();
        }
    }
}

impl Drop for MemoryDriver {
    fn drop(&mut self) {
        self.broker.lock().reply_queues.remove(&self.reply_queue);
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

/// What all transports of one name share.
#[derive(Default)]
struct Broker {
    state: Mutex<State>,
}

impl Broker {
    fn named(name: String) -> Arc<Self> {
        static BROKERS: LazyLock<Mutex<HashMap<String, Weak<Broker>>>> =
            LazyLock::new(Mutex::default);
        let mut brokers = BROKERS.lock().unwrap_or_else(PoisonError::into_inner);
        brokers.retain(|_, broker| broker.strong_count() > 0);
        if let Some(broker) = brokers.get(&name).and_then(Weak::upgrade) {
            return broker;
        }
        let broker = Arc::<Self>::default();
        brokers.insert(name, Arc::downgrade(&broker));
        broker
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No section leaves the state half-changed, so a poisoned lock is as good as another.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Exchange and routing key.
type Route = (String, String);

#[derive(Default)]
struct State {
    queues: HashMap<Route, Queue>,
    consumers: HashMap<u64, Consumer>,
    last_consumer: u64,
    reply_queues: HashMap<String, ReplyTable>,
}

/// Messages in their order, and those who take them in turn. It outlives its consumers.
#[derive(Default)]
struct Queue {
    messages: VecDeque<Message>,
    consumers: VecDeque<u64>,
}

#[derive(Debug, Clone)]
struct Message {
    body: Bytes,
    expires: Option<Instant>,
}

impl Message {
    fn is_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// One listener, as the broker sees it.
struct Consumer {
    routes: [Route; 3],
    inbox: Arc<Inbox>,
    arrived: VecDeque<(Route, Message)>,
    /// Handed to the server, and not yet acknowledged.
    in_hand: usize,
    prefetch: usize,
}

impl Consumer {
    fn has_room(&self) -> bool {
        self.arrived.len() + self.in_hand < self.prefetch
    }
}

/// How a listener is woken.
#[derive(Default)]
struct Inbox {
    arrival: Notify,
    closed: AtomicBool,
}

impl State {
    /// Whether any queue took the message.
    fn publish(&mut self, target: &Target, message: Message) -> bool {
        if target.fanout {
            let exchange = fanout_exchange(target);
            let routes: Vec<Route> = self
                .queues
                .keys()
                .filter(|(scope, _)| *scope == exchange)
                .cloned()
                .collect();
            for route in &routes {
                self.enqueue(route, message.clone());
            }
            return !routes.is_empty();
        }
        let key = match &target.server {
            Some(server) => format!("{}.{server}", target.topic),
            None => target.topic.clone(),
        };
        self.enqueue(&(target.exchange_name().to_owned(), key), message)
    }

    fn enqueue(&mut self, route: &Route, message: Message) -> bool {
        let Some(queue) = self.queues.get_mut(route) else {
            return false;
        };
        queue.messages.push_back(message);
        self.distribute(route);
        true
    }

    /// Gives waiting messages to consumers with room, in turn.
    fn distribute(&mut self, route: &Route) {
        let Some(queue) = self.queues.get_mut(route) else {
            return;
        };
        let now = Instant::now();
        while let Some(message) = queue.messages.front() {
            if message.is_expired(now) {
                queue.messages.pop_front();
                continue;
            }
            let has_room = |id| self.consumers.get(id).is_some_and(Consumer::has_room);
            let Some(turn) = queue.consumers.iter().position(has_room) else {
                return;
            };
            // The one that takes it goes to the end of the line.
            let taker = queue.consumers.remove(turn).zip(queue.messages.pop_front());
            if let Some((id, message)) = taker {
                queue.consumers.push_back(id);
                if let Some(consumer) = self.consumers.get_mut(&id) {
                    consumer.arrived.push_back((route.clone(), message));
                    consumer.inbox.arrival.notify_one();
                }
            }
        }
    }

    fn listen(&mut self, target: &Target, terms: &ListenTerms, inbox: Arc<Inbox>) -> u64 {
        self.last_consumer += 1;
        let id = self.last_consumer;
        let exchange = target.exchange_name().to_owned();
        let server = target.server.as_deref().unwrap_or_default();
        let routes = [
            (exchange.clone(), target.topic.clone()),
            (exchange, format!("{}.{server}", target.topic)),
            (fanout_exchange(target), id.to_string()),
        ];
        let consumer = Consumer {
            routes: routes.clone(),
            inbox,
            arrived: VecDeque::new(),
            in_hand: 0,
            prefetch: usize::from(terms.prefetch.max(1)),
        };
        self.consumers.insert(id, consumer);
        for route in routes {
            let queue = self.queues.entry(route.clone()).or_default();
            queue.consumers.push_back(id);
            self.distribute(&route);
        }
        id
    }

    /// The next message of a consumer that has not expired on the way.
    fn take(&mut self, id: u64) -> Option<(Route, Message)> {
        let now = Instant::now();
        loop {
            let consumer = self.consumers.get_mut(&id)?;
            let (route, message) = consumer.arrived.pop_front()?;
            if !message.is_expired(now) {
                consumer.in_hand += 1;
                return Some((route, message));
            }
            // Its place is free again.
            for route in consumer.routes.clone() {
                self.distribute(&route);
            }
        }
    }

    /// A message in hand was acknowledged, or given back.
    fn settle(&mut self, id: u64, back: Option<(Route, Message)>) {
        if let Some((route, message)) = back
            && let Some(queue) = self.queues.get_mut(&route)
        {
            queue.messages.push_front(message);
            self.distribute(&route);
        }
        let Some(consumer) = self.consumers.get_mut(&id) else {
            return;
        };
        consumer.in_hand = consumer.in_hand.saturating_sub(1);
        for route in consumer.routes.clone() {
            self.distribute(&route);
        }
    }

    /// Ends a consumer: what it has not begun goes back, in its order; its fanout queue goes.
    fn unlisten(&mut self, id: u64) {
        let Some(consumer) = self.consumers.remove(&id) else {
            return;
        };
        let [topic, server, fanout] = consumer.routes;
        self.queues.remove(&fanout);
        for (route, message) in consumer.arrived.into_iter().rev() {
            if let Some(queue) = self.queues.get_mut(&route) {
                queue.messages.push_front(message);
            }
        }
        for route in [topic, server] {
            if let Some(queue) = self.queues.get_mut(&route) {
                queue.consumers.retain(|consumer| *consumer != id);
            }
            self.distribute(&route);
        }
    }
}

fn fanout_exchange(target: &Target) -> String {
    format!("{}_fanout", target.topic)
}

struct MemoryListener {
    broker: Arc<Broker>,
    id: u64,
    inbox: Arc<Inbox>,
}

#[async_trait]
impl Listener for MemoryListener {
    async fn next(&mut self) -> Option<Incoming> {
        loop {
            if self.inbox.closed.load(Ordering::Acquire) {
                return None;
            }
            let taken = self.broker.lock().take(self.id);
            if let Some((route, message)) = taken {
                let body = message.body.clone();
                let delivery = MemoryDelivery {
                    broker: self.broker.clone(),
                    consumer: self.id,
                    held: Some((route, message)),
                };
                return Some(Incoming::new(body, Box::new(delivery)));
            }
            self.inbox.arrival.notified().await;
        }
    }

    async fn close(&mut self) {
        self.inbox.closed.store(true, Ordering::Release);
        self.broker.lock().unlisten(self.id);
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        self.broker.lock().unlisten(self.id);
    }
}

struct MemoryDelivery {
    broker: Arc<Broker>,
    consumer: u64,
    /// Until it is acknowledged.
    held: Option<(Route, Message)>,
}

#[async_trait]
impl Delivery for MemoryDelivery {
    async fn acknowledge(&mut self) -> Result<()> {
        if self.held.take().is_some() {
            self.broker.lock().settle(self.consumer, None);
        }
        Ok(())
    }

    async fn reply(&self, to: &ReplyTo, body: Bytes) -> Result<()> {
        let table = self.broker.lock().reply_queues.get(&to.queue).cloned();
        match (table, Reply::decode(&body)) {
            (Some(table), Ok(reply)) => table.complete(reply),
            (None, _) => tracing::debug!(queue = to.queue, "the caller's reply queue is gone"),
            (_, Err(error)) => tracing::warn!(%error, "a reply that cannot be read was dropped"),
        }
        Ok(())
    }
}

impl Drop for MemoryDelivery {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            self.broker.lock().settle(self.consumer, Some(held));
        }
    }
}

impl fmt::Debug for MemoryDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDelivery")
            .field("route", &self.held.as_ref().map(|(route, _)| route))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn driver(url: &str) -> Result<MemoryDriver, UrlError> {
        MemoryDriver::new(&url.parse()?)
    }

    #[test]
    fn a_name_is_shared_and_no_name_is_not() {
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
    fn a_broker_goes_with_its_last_transport() {
        let first = driver("memory://gone").unwrap();
        let broker = Arc::downgrade(&first.broker);
        drop(first);
        assert!(broker.upgrade().is_none());
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
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
