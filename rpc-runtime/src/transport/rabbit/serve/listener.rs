//! The listener of one server: it consumes three queues on one channel, and starts again after each interruption.
//!
//! A task owns the channel and its consumers. The [session](super::session) takes the requests that the channel
//! delivers, on the thread that reads the socket, and passes them to the [`RabbitListener`].
//!
//! If the connection ends or a queue is deleted, the whole session ends. The task then closes the channel, which
//! requeues the requests that were not taken, and declares and consumes all queues again. A request of an ended
//! session must not be taken: the broker delivers it to another server.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::super::amqp::{
    CONTROL_DEADLINE, Connection, ConsumeChannel, Consumer, Delivered, DeliveryHandler, Fault,
    FieldTable, Name,
};
use super::super::backoff::{Pace, jittered};
use super::super::compression::CompressionThread;
use super::super::connection::Connections;
use super::super::shared::Shared;
use super::super::topology::{Declarer, Queue, declare_unused, is_consumed_alone, name_anew};
use super::arrival_sender::ArrivalSender;
use super::permits::Permits;
use super::quorum_consumers::{QuorumConsumers, consumer_tag, queue_index};
use super::session::{ArrivedRequest, ListenerShared, Session};
use crate::metrics::Waiting;
use crate::sync::Mutex;
use crate::transport::{Arrival, ListenTerms, Listener, ListenerState};
use crate::{Error, Result};

/// How often a server binds its queues again. The interval is shortened by a random part of up to a quarter. Each time
/// takes about five small commands.
const REBIND_INTERVAL: Duration = Duration::from_secs(30);
/// The index of the queue for fanouts, the only one that can be a stream.
const FANOUT: usize = 2;

/// The requests for one server. Dropping it stops the listener's task in the background.
pub(crate) struct RabbitListener {
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    permits: Arc<Permits>,
    compression_thread: Arc<CompressionThread>,
    state: watch::Receiver<ListenerState>,
    /// How many requests went back to the broker when the listener was closed.
    given_back: Arc<AtomicUsize>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl RabbitListener {
    /// Starts to listen. Returns once requests would arrive.
    pub(crate) async fn start(
        shared: Arc<Shared>,
        topic: &str,
        queues: [Queue; 3],
        terms: &ListenTerms,
    ) -> Result<Self> {
        // Unbounded, since the permits bound the number of requests that are taken.
        let (sender, arrivals) = mpsc::unbounded_channel();
        let stop = watch::Sender::new(false);
        let permits = Permits::new(terms.concurrency);
        let (started, start) = oneshot::channel();
        let given_back = Arc::<AtomicUsize>::default();
        let since = Instant::now();
        let (showing, state) = watch::channel(ListenerState::Listening { since });
        let compression_thread = shared.compression_thread.clone();
        let arrival_sender = ArrivalSender::new(shared.clone(), sender, terms.max_request_size);
        let task = ListenerTask {
            connections: shared.consuming.connections(),
            closing: shared.closing(),
            stop: stop.subscribe(),
            queues,
            prefetch: terms.prefetch,
            listener: Arc::new(ListenerShared {
                topic: topic.to_owned(),
                permits: permits.clone(),
                arrivals: Arc::new(arrival_sender),
                stream_place: Mutex::default(),
            }),
            shared: shared.clone(),
            has_consumed: false,
            state: showing,
            given_back: given_back.clone(),
            started: Some(started),
        };
        let task = shared.engine.spawn(task.run())?;
        let listener = Self {
            arrivals,
            permits,
            compression_thread,
            state,
            given_back,
            stop,
            task: Some(task),
        };
        // Dropping this future drops `listener`, which stops the task.
        start.await.unwrap_or(Err(Error::new_closed()))?;
        Ok(listener)
    }
}

#[async_trait]
impl Listener for RabbitListener {
    async fn next(&mut self) -> Option<Arrival> {
        // No request is taken before the first call of `next`.
        self.permits.listen();
        self.arrivals.recv().await
    }

    async fn close(&mut self) {
        self.permits.close();
        self.stop.send_replace(true);
        if let Some(task) = &mut self.task {
            // An error means that the task panicked: it has ended, too.
            let _ = task.await;
            self.task = None;
        }
        // Requests that were taken may still wait to be inflated.
        self.compression_thread.is_done().await;
        self.arrivals.close();
    }

    fn state(&self) -> watch::Receiver<ListenerState> {
        self.state.clone()
    }

    fn given_back(&self) -> usize {
        self.given_back.load(Ordering::Relaxed)
    }

    async fn settled(&mut self) {
        self.permits.all_back().await;
    }
}

impl Drop for RabbitListener {
    fn drop(&mut self) {
        // Before the requests below are dropped: their permits would otherwise let the session take new requests.
        self.permits.give_up();
        self.arrivals.close();
        let mut requests = 0;
        while let Ok(arrival) = self.arrivals.try_recv() {
            requests += usize::from(matches!(arrival, Arrival::Request(_)));
        }
        if requests > 0 {
            tracing::warn!(
                requests,
                "requests were taken and are not run: their server is gone"
            );
        }
    }
}

struct ListenerTask {
    connections: Connections,
    closing: watch::Receiver<bool>,
    stop: watch::Receiver<bool>,
    queues: [Queue; 3],
    prefetch: u16,
    listener: Arc<ListenerShared>,
    shared: Arc<Shared>,
    /// Whether the queue for fanouts was consumed under its current name.
    has_consumed: bool,
    state: watch::Sender<ListenerState>,
    given_back: Arc<AtomicUsize>,
    /// Receives the result of [`RabbitListener::start`]: the first session is open, or there will be none.
    started: Option<oneshot::Sender<Result<()>>>,
}

impl ListenerTask {
    async fn run(mut self) {
        let mut ended = Ended {
            closing: self.closing.clone(),
            stop: self.stop.clone(),
        };
        let shared = self.shared.clone();
        if let Err(fault) = name_anew(&shared.topology, &mut self.queues[FANOUT]).await {
            self.refuse(Error::Config(fault.why().to_string()));
            return;
        }
        let mut pace = Pace::new(shared.backoff);
        // The last logged refusal.
        let mut reported: Option<Arc<str>> = None;
        while let Some(connection) = ended.or(self.connections.next()).await.flatten() {
            let since = Instant::now();
            let Some(registered) = ended.or(self.register(&connection)).await else {
                break;
            };
            let fault = match registered {
                Ok(registered) => {
                    let since = Instant::now();
                    self.state.send_replace(ListenerState::Listening { since });
                    if let Some(started) = self.started.take() {
                        let _ = started.send(Ok(()));
                    }
                    reported = None;
                    registered.session.open();
                    let fault = ended.or(self.attend(&connection, &registered)).await;
                    if let Some(fault) = &fault {
                        self.show_cut_off(fault.why());
                    }
                    let given_back = registered.session.close(&registered.channel).await;
                    if fault.is_none() {
                        self.given_back.store(given_back, Ordering::Relaxed);
                    }
                    fault
                }
                Err(fault) => {
                    // A refusal is final only while `start` waits. Later, the task retries.
                    if let Some(error) = fault.refusal("the queues of a server")
                        && self.started.is_some()
                    {
                        self.refuse(error);
                        return;
                    }
                    self.show_cut_off(fault.why());
                    Some(fault)
                }
            };
            let Some(fault) = fault else { break };
            let (queue, why) = (&self.queues[0].name, fault.why());
            if reported.as_ref() == Some(why) {
                tracing::debug!(%queue, %why, "still cannot consume");
            } else {
                tracing::warn!(%queue, %why, "the server's consumers have ended: declaring and consuming anew");
            }
            let pause = if fault.is_refused() {
                reported = Some(why.clone());
                pace.after_refusal(since.elapsed())
            } else {
                reported = None;
                pace.after(since.elapsed())
            };
            // If the connection has ended, its supervisor backs off.
            if connection.is_up() {
                ended.or(sleep(pause.most)).await;
            }
        }
        self.delete_private_queues().await;
    }

    /// Shows that no requests arrive, and why. `since` stays the time when that began.
    fn show_cut_off(&self, why: &Arc<str>) {
        self.state.send_modify(|state| {
            let since = match state {
                ListenerState::CutOff { since, .. } => *since,
                ListenerState::Listening { .. } => Instant::now(),
            };
            let why = why.clone();
            *state = ListenerState::CutOff { since, why };
        });
    }

    /// Fails [`RabbitListener::start`].
    fn refuse(&mut self, error: Error) {
        if let Some(started) = self.started.take() {
            let _ = started.send(Err(error));
        }
    }

    /// Declares the queues and consumes them. Dropping the future closes the channel.
    async fn register(&mut self, connection: &Arc<Connection>) -> Result<Registered, Fault> {
        let topology = self.shared.topology.clone();
        // Concurrently, each on a channel of its own: in sequence they would take nine round trips.
        let declarers = [(); 3].map(|()| Declarer::new(connection.clone()));
        let [topic, server, fanout] = &mut self.queues;
        tokio::try_join!(
            declarers[0].declare_queue(topic),
            declarers[1].declare_queue(server),
            async {
                if self.has_consumed {
                    declarers[FANOUT].declare_queue(fanout).await.map(drop)
                } else {
                    declare_unused(&topology, &declarers[FANOUT], fanout).await
                }
            },
        )?;
        let [.., declarer] = declarers;
        let channel = connection.consume_channel()?;
        let consumers = QuorumConsumers::new(&self.queues, self.prefetch);
        let session = Session::new(self.listener.clone(), channel.acknowledger(), consumers);
        let session = Arc::new(session);
        channel.handle_with(Arc::new(RequestHandler {
            session: session.clone(),
            stream: self.queues[FANOUT].stream.then(|| consumer_tag(FANOUT)),
            queues: self.queues.each_ref().map(|queue| queue.name.clone()),
            delivery_limit: topology.delivery_limit(connection.version()),
        }));
        for consumer in session.first_consumers() {
            let Consumer {
                queue,
                tag,
                prefetch,
            } = consumer;
            channel.qos(prefetch).await?;
            channel.consume(&queue, tag, FieldTable::default()).await?;
        }
        if self.prefetch > 0 {
            channel.qos(self.prefetch).await?;
        }
        for (index, queue) in self.queues.iter().enumerate() {
            if queue.is_quorum() {
                continue;
            }
            let (now, arguments) = (SystemTime::now(), self.consumer_arguments(queue));
            channel
                .consume(&queue.name, consumer_tag(index), arguments)
                .await?;
            if queue.stream {
                self.listener.stream_place.lock().consumed(now);
            }
        }
        // From now on, the queue's consumers include this process's own.
        let is_first = !std::mem::replace(&mut self.has_consumed, true);
        if is_first && !is_consumed_alone(&topology, &declarer, &mut self.queues[FANOUT]).await? {
            self.has_consumed = false;
            return Err(Fault::lost(
                "another process consumes the queue for fanouts of the same name",
            ));
        }
        Ok(Registered {
            session,
            channel,
            declarer,
        })
    }

    fn consumer_arguments(&self, queue: &Queue) -> FieldTable {
        let mut arguments = FieldTable::default();
        if queue.stream {
            let place = *self.listener.stream_place.lock();
            arguments.insert("x-stream-offset".into(), place.argument());
        }
        arguments
    }

    /// Waits until a consumer ends.
    async fn attend(&self, connection: &Connection, registered: &Registered) -> Fault {
        tokio::select! {
            fault = registered.channel.ended() => fault,
            never = keep_bound(&registered.declarer, &self.queues) => match never {},
            () = registered.session.overdue(CONTROL_DEADLINE) => {
                let why = format!("the broker did not answer acknowledgements within {CONTROL_DEADLINE:?}");
                connection.fail(&why);
                Fault::lost(why)
            }
        }
    }

    async fn delete_private_queues(&self) {
        let Some(connection) = self.connections.current() else {
            return;
        };
        let declarer = Declarer::new(connection);
        for queue in self.queues.iter().filter(|queue| queue.private) {
            if let Err(fault) = declarer.delete_queue(&queue.name).await {
                let queue = &queue.name;
                tracing::debug!(%queue, why = %fault.why(), "the queue was not deleted: it remains until it expires");
            }
        }
    }
}

/// Binds the queues again at intervals, in case their exchange was deleted.
///
/// Deleting an exchange deletes its bindings, and the broker does not notify the consumers: no message would reach the
/// queues any more. Publishers of this library restore a binding when the broker returns a message. Fanouts are not
/// returned, and other publishers restore nothing.
async fn keep_bound(declarer: &Declarer, queues: &[Queue]) -> Infallible {
    loop {
        sleep(jittered(REBIND_INTERVAL)).await;
        for queue in queues {
            let Some((exchange, key)) = &queue.binding else {
                continue;
            };
            if let Err(fault) = declarer.bind_anew(&queue.name, exchange, key).await {
                tracing::debug!(queue = %queue.name, why = %fault.why(), "the queue was not bound again");
            }
        }
    }
}

/// A session with its channel, and the declarer that keeps its queues bound.
struct Registered {
    session: Arc<Session>,
    channel: ConsumeChannel,
    declarer: Declarer,
}

/// Passes what the channel delivers to the session.
struct RequestHandler {
    session: Arc<Session>,
    /// The tag of the consumer that reads from a stream.
    stream: Option<Name>,
    /// The queues' names, for log lines.
    queues: [Name; 3],
    /// How often a quorum queue redelivers a message before it drops it, if there is a limit.
    delivery_limit: Option<i64>,
}

impl RequestHandler {
    /// Warns of a request that its queue will drop soon, beyond its delivery limit.
    fn check_delivery_count(&self, consumer: &Name, count: Option<i64>) {
        let (Some(count), Some(limit)) = (count, self.delivery_limit) else {
            return;
        };
        // From half of the limit on, so that there is time to find the cause.
        if count < (limit / 2).max(1) {
            return;
        }
        let queue = queue_index(consumer).and_then(|index| self.queues.get(index));
        tracing::warn!(
            queue = queue.map_or("", Name::as_str),
            count,
            limit,
            "a request was requeued many times, and its queue drops it beyond the delivery limit: find out why servers \
             of this topic lose their connections, or raise `rabbit_quorum_delivery_limit`"
        );
    }
}

impl DeliveryHandler for RequestHandler {
    fn size_limit(&self) -> usize {
        self.session.size_limit()
    }

    fn delivered(&self, delivered: Delivered) {
        let Delivered {
            consumer,
            tag,
            properties,
            body,
        } = delivered;
        self.check_delivery_count(&consumer, properties.delivery_count);
        let is_streamed = self.stream.as_ref() == Some(&consumer);
        let offset = properties.stream_offset.filter(|_| is_streamed);
        // The expiration is what was left of the call's time when the request was published. The request may expire
        // later than its call, by the time that it spent in the queue.
        let left = properties.expiration.map(Duration::from_millis);
        let expires = left.and_then(|left| Instant::now().checked_add(left));
        self.session.arrived(ArrivedRequest {
            tag,
            body,
            format: properties.format,
            expires,
            offset,
            waiting: Waiting::begin(),
        });
    }

    fn idle(&self) {
        self.session.take();
    }

    fn receipt(&self) {
        self.session.receipt();
    }

    fn ended(&self, fault: &Fault) {
        self.session.ended(fault);
    }
}

/// Observes the end of a listener: the listener was closed or dropped, or the driver was closed.
struct Ended {
    closing: watch::Receiver<bool>,
    stop: watch::Receiver<bool>,
}

impl Ended {
    /// Runs `work`. `None` if the listener ends first; `work` is dropped then.
    async fn or<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            _ = self.closing.wait_for(|closing| *closing) => None,
            _ = self.stop.wait_for(|stop| *stop) => None,
            done = work => Some(done),
        }
    }
}
