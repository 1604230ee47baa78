//! The broker's state: exchanges, queues, consumers, and messages that consumers have not taken yet.
//!
//! It is plain data under one lock. The lock must never be held across an await or while foreign code runs. A consumer
//! that is given a message is woken; its listener takes the message later.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, Weak};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::Target;
use crate::sync::Mutex;
use crate::transport::sequential_ids::SequentialIdMap;
use crate::transport::{ListenTerms, ReplyTable};

/// A broker, which all transports of one name share.
#[derive(Default)]
pub(super) struct Broker {
    pub(super) state: Mutex<State>,
    /// Notifies publishers whose queue is missing that a listener has declared queues.
    pub(super) declared: Notify,
}

impl Broker {
    pub(super) fn named(name: String) -> Arc<Self> {
        static BROKERS: LazyLock<Mutex<HashMap<String, Weak<Broker>>>> =
            LazyLock::new(Mutex::default);
        let mut brokers = BROKERS.lock();
        brokers.retain(|_, broker| broker.strong_count() > 0);
        if let Some(broker) = brokers.get(&name).and_then(Weak::upgrade) {
            return broker;
        }
        let broker = Arc::<Self>::default();
        brokers.insert(name, Arc::downgrade(&broker));
        broker
    }
}

type QueueId = u64;
pub(super) type ConsumerId = u64;

#[derive(Default)]
pub(super) struct State {
    /// By exchange, then by routing key.
    exchanges: HashMap<String, HashMap<String, QueueId>>,
    queues: SequentialIdMap<QueueId, Queue>,
    consumers: SequentialIdMap<ConsumerId, Consumer>,
    last_id: u64,
    pub(super) reply_queues: HashMap<String, ReplyTable>,
}

/// Messages in order, and the consumers that receive them in turn. A queue outlives its consumers.
#[derive(Default)]
struct Queue {
    messages: VecDeque<Message>,
    consumers: VecDeque<ConsumerId>,
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

/// One listener's state in the broker.
struct Consumer {
    /// The topic's queue, the server's own, and the one for fanouts.
    queues: [QueueId; 3],
    fanout_exchange: String,
    wakeup: Arc<Wakeup>,
    /// Messages that the listener has not taken yet, with the queues that they came from.
    arrived: VecDeque<(QueueId, Message)>,
    prefetch: usize,
}

impl Consumer {
    fn has_room(&self) -> bool {
        self.arrived.len() < self.prefetch
    }
}

/// Wakes a listener, and tells it that it is closed.
#[derive(Default)]
pub(super) struct Wakeup {
    /// Notified when a message arrives and when the listener is closed.
    pub(super) arrival: Notify,
    pub(super) closed: AtomicBool,
}

impl State {
    /// Puts a message into its queues. Returns the message if no queue is bound for it.
    pub(super) fn publish(&mut self, target: &Target, message: Message) -> Result<(), Message> {
        if target.fanout {
            let queues = self.exchanges.get(&fanout_exchange(target));
            let queues: Vec<_> = queues
                .into_iter()
                .flat_map(HashMap::values)
                .copied()
                .collect();
            if queues.is_empty() {
                return Err(message);
            }
            for queue in queues {
                self.enqueue(queue, message.clone());
            }
            return Ok(());
        }
        let key = match &target.server {
            Some(server) => Cow::Owned(directed(&target.topic, server)),
            None => Cow::Borrowed(&target.topic),
        };
        let queues = self.exchanges.get(target.exchange_name());
        match queues.and_then(|queues| queues.get(&*key)).copied() {
            Some(queue) => self.enqueue(queue, message),
            None => return Err(message),
        }
        Ok(())
    }

    fn enqueue(&mut self, queue: QueueId, message: Message) {
        if let Some(waiting) = self.queues.get_mut(&queue) {
            waiting.messages.push_back(message);
            self.distribute(queue);
        }
    }

    /// Gives a queue's messages to its consumers in turn, as far as they have room.
    fn distribute(&mut self, id: QueueId) {
        let Some(queue) = self.queues.get_mut(&id) else {
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
            // Round robin: the consumer that gets the message goes to the end.
            let taker = queue.consumers.remove(turn).zip(queue.messages.pop_front());
            if let Some((taker, message)) = taker {
                queue.consumers.push_back(taker);
                if let Some(consumer) = self.consumers.get_mut(&taker) {
                    consumer.arrived.push_back((id, message));
                    consumer.wakeup.arrival.notify_one();
                }
            }
        }
    }

    pub(super) fn listen(
        &mut self,
        target: &Target,
        terms: &ListenTerms,
        wakeup: Arc<Wakeup>,
    ) -> ConsumerId {
        let id = self.new_id();
        let exchange = target.exchange_name();
        let server = target.server.as_deref().unwrap_or_default();
        let queues = [
            self.declare(exchange.to_owned(), target.topic.clone()),
            self.declare(exchange.to_owned(), directed(&target.topic, server)),
            self.declare(fanout_exchange(target), id.to_string()),
        ];
        let consumer = Consumer {
            queues,
            fanout_exchange: fanout_exchange(target),
            wakeup,
            arrived: VecDeque::new(),
            prefetch: usize::from(terms.prefetch.max(1)),
        };
        self.consumers.insert(id, consumer);
        for queue in queues {
            if let Some(queue) = self.queues.get_mut(&queue) {
                queue.consumers.push_back(id);
            }
            self.distribute(queue);
        }
        id
    }

    /// The queue bound to the exchange with this key. Makes a new one if there is none.
    fn declare(&mut self, exchange: String, key: String) -> QueueId {
        let new = self.new_id();
        let queues = self.exchanges.entry(exchange).or_default();
        let id = *queues.entry(key).or_insert(new);
        self.queues.entry(id).or_default();
        id
    }

    fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Takes a consumer's next message that has not expired. It does not go back to its queue any more.
    pub(super) fn take(&mut self, id: ConsumerId) -> Option<Message> {
        let consumer = self.consumers.get_mut(&id)?;
        // The consumer's queues can hold messages for it only if it had no room.
        let was_full = !consumer.has_room();
        let now = Instant::now();
        let taken = loop {
            match consumer.arrived.pop_front() {
                Some((_, message)) if message.is_expired(now) => {}
                next => break next,
            }
        };
        if was_full {
            for queue in consumer.queues {
                self.distribute(queue);
            }
        }
        taken.map(|(_, message)| message)
    }

    /// Removes a consumer and its fanout queue. Messages of the other queues that it has not taken are requeued, in
    /// order.
    pub(super) fn unlisten(&mut self, id: ConsumerId) {
        let Some(consumer) = self.consumers.remove(&id) else {
            return;
        };
        let [topic, server, fanout] = consumer.queues;
        self.queues.remove(&fanout);
        if let Some(queues) = self.exchanges.get_mut(&consumer.fanout_exchange) {
            queues.retain(|_, queue| *queue != fanout);
        }
        for (queue, message) in consumer.arrived.into_iter().rev() {
            if let Some(queue) = self.queues.get_mut(&queue) {
                queue.messages.push_front(message);
            }
        }
        for queue in [topic, server] {
            if let Some(queue) = self.queues.get_mut(&queue) {
                queue.consumers.retain(|consumer| *consumer != id);
            }
            self.distribute(queue);
        }
    }
}

fn directed(topic: &str, server: &str) -> String {
    format!("{topic}.{server}")
}

fn fanout_exchange(target: &Target) -> String {
    format!("{}_fanout", target.topic)
}
