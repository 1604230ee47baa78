//! The broker: queues, those who take from them in turn, and what is under way.
//!
//! Plain data under one lock, which is never held across an await nor while foreign code runs. Who is
//! given a message is woken; how it goes on from there is the listener's business.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::Target;
use crate::transport::{ListenTerms, ReplyTable};

/// What all transports of one name share.
#[derive(Default)]
pub(super) struct Broker {
    state: Mutex<State>,
    /// Tells those whose queue is missing that there are new ones.
    pub(super) declared: Notify,
}

impl Broker {
    pub(super) fn named(name: String) -> Arc<Self> {
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

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // No section leaves the state half-changed, so a poisoned lock is as good as another.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Exchange and routing key.
pub(super) type Route = (String, String);

#[derive(Default)]
pub(super) struct State {
    queues: HashMap<Route, Queue>,
    consumers: HashMap<u64, Consumer>,
    last_consumer: u64,
    pub(super) reply_queues: HashMap<String, ReplyTable>,
}

/// Messages in their order, and those who take them in turn. It outlives its consumers.
#[derive(Default)]
struct Queue {
    messages: VecDeque<Message>,
    consumers: VecDeque<u64>,
}

#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) body: Bytes,
    pub(super) expires: Option<Instant>,
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
pub(super) struct Inbox {
    pub(super) arrival: Notify,
    pub(super) closed: AtomicBool,
}

impl State {
    /// Whether any queue took the message.
    pub(super) fn publish(&mut self, target: &Target, message: Message) -> bool {
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

    pub(super) fn listen(
        &mut self,
        target: &Target,
        terms: &ListenTerms,
        inbox: Arc<Inbox>,
    ) -> u64 {
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
    pub(super) fn take(&mut self, id: u64) -> Option<(Route, Message)> {
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
    pub(super) fn settle(&mut self, id: u64, back: Option<(Route, Message)>) {
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
    pub(super) fn unlisten(&mut self, id: u64) {
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
