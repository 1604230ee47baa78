//! The requests for one server: three queues, consumed on one channel, again after each interruption.
//!
//! The [session](super::session) takes what is delivered, on the thread that reads the socket; from there requests go
//! to the [`RabbitListener`]. A task owns the channel and its consumers. Whatever ends them (the connection, a queue
//! that was deleted) ends the whole session: the task closes the channel, which requeues what was not taken, and
//! declares and consumes everything anew. A request of an ended session can no longer be taken, so it does not run
//! here while the broker hands it to another server.

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
use super::permits::Permits;
use super::quorum_consumers::{QuorumConsumers, consumer_tag, queue_index};
use super::session::{ArrivedRequest, ListenerShared, Session};
use crate::metrics::Waiting;
use crate::sync::Mutex;
use crate::transport::{Arrival, ListenTerms, Listener, ListenerState};
use crate::{Error, Result};

/// How often a server binds its queues again, less a random quarter: some five small commands each time.
const REBIND_INTERVAL: Duration = Duration::from_secs(30);
/// The index of the queue for fanouts, which alone can be a stream.
const FANOUT: usize = 2;

/// A server's requests. Dropping it ends the listening, in the background.
pub(crate) struct RabbitListener {
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    permits: Arc<Permits>,
    compression_thread: Arc<CompressionThread>,
    state: watch::Receiver<ListenerState>,
    /// How many requests the last session has given back, if it was stopped.
    given_back: Arc<AtomicUsize>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl RabbitListener {
    /// Done when requests would arrive.
    pub(crate) async fn start(
        shared: Arc<Shared>,
        topic: &str,
        queues: [Queue; 3],
        terms: &ListenTerms,
    ) -> Result<Self> {
        // Not bounded here: the permits bound what is taken.
        let (sender, arrivals) = mpsc::unbounded_channel();
        let stop = watch::Sender::new(false);
        let permits = Permits::new(terms.concurrency);
        let (started, start) = oneshot::channel();
        let given_back = Arc::<AtomicUsize>::default();
        let since = Instant::now();
        let (showing, state) = watch::channel(ListenerState::Listening { since });
        let compression_thread = shared.compression_thread.clone();
        let task = ListenerTask {
            connections: shared.consuming.connections(),
            closing: shared.closing(),
            stop: stop.subscribe(),
            queues,
            prefetch: terms.prefetch,
            listener: Arc::new(ListenerShared {
                topic: topic.to_owned(),
                shared: shared.clone(),
                permits: permits.clone(),
                arrivals: sender,
                max_request_size: terms.max_request_size,
                stream_place: Mutex::default(),
            }),
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
        // If this future is dropped here, the listener is, and with it the task.
        start.await.unwrap_or(Err(Error::closed()))?;
        Ok(listener)
    }
}

#[async_trait]
impl Listener for RabbitListener {
    async fn next(&mut self) -> Option<Arrival> {
        // Before somebody asks, nothing is taken.
        self.permits.listen();
        self.arrivals.recv().await
    }

    async fn close(&mut self) {
        self.permits.close();
        self.stop.send_replace(true);
        if let Some(task) = &mut self.task {
            // It has ended either way.
            let _ = task.await;
            self.task = None;
        }
        // What was taken may wait to be inflated.
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
        // The permits go first, or those that come back here would pull in new requests.
        self.permits.go();
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
    /// Whether the queue for fanouts was consumed under its name.
    has_consumed: bool,
    /// How the listening is.
    state: watch::Sender<ListenerState>,
    given_back: Arc<AtomicUsize>,
    /// Told when the first session is open, or why there will be none.
    started: Option<oneshot::Sender<Result<()>>>,
}

impl ListenerTask {
    async fn run(mut self) {
        let mut ended = Ended {
            closing: self.closing.clone(),
            stop: self.stop.clone(),
        };
        let shared = self.listener.shared.clone();
        if let Err(fault) = name_anew(&shared.topology, &mut self.queues[FANOUT]).await {
            self.refuse(Error::Config(fault.why().to_string()));
            return;
        }
        let mut pace = Pace::new(shared.backoff);
        // The last refusal that was logged.
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
                    // Only the first time somebody waits for the answer; later on, it is tried again.
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
            // After the end of a connection, its supervisor sets the pace.
            if connection.is_up() {
                ended.or(sleep(pause.most)).await;
            }
        }
        self.delete_private_queues().await;
    }

    /// No requests arrive, for this reason. The moment when that began stays.
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

    /// There will be no session.
    fn refuse(&mut self, error: Error) {
        if let Some(started) = self.started.take() {
            let _ = started.send(Err(error));
        }
    }

    /// Declares the queues and consumes them. Dropping the future closes the channel.
    async fn register(&mut self, connection: &Arc<Connection>) -> Result<Registered, Fault> {
        let topology = self.listener.shared.topology.clone();
        // Side by side, each on a channel of its own: one after the other they would take nine round trips.
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
        // From now on this process's own consumer may be counted.
        let is_first = !std::mem::replace(&mut self.has_consumed, true);
        if is_first && !is_consumed_alone(&topology, &declarer, &mut self.queues[FANOUT]).await? {
            self.has_consumed = false;
            return Err(Fault::lost(
                "another process consumes its queue for fanouts",
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
                let why = format!("acknowledgements were not answered within {CONTROL_DEADLINE:?}");
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
                tracing::debug!(%queue, why = %fault.why(), "the queue stays behind until it expires");
            }
        }
    }
}

/// Binds queues again from time to time. Whoever deletes an exchange deletes its bindings, and the broker tells nobody:
/// the server would go on listening at queues that nothing reaches. Senders restore what they can see; they do not see
/// fanouts, and not all senders restore.
async fn keep_bound(declarer: &Declarer, queues: &[Queue]) -> Infallible {
    loop {
        sleep(jittered(REBIND_INTERVAL)).await;
        for queue in queues {
            let Some((exchange, key)) = &queue.binding else {
                continue;
            };
            if let Err(fault) = declarer.bind_anew(&queue.name, exchange, key).await {
                tracing::debug!(queue = %queue.name, why = %fault.why(), "not bound anew");
            }
        }
    }
}

/// All that stands for one session.
struct Registered {
    session: Arc<Session>,
    channel: ConsumeChannel,
    declarer: Declarer,
}

/// Passes requests on.
struct RequestHandler {
    session: Arc<Session>,
    /// The consumer that reads from a stream.
    stream: Option<Name>,
    /// For people.
    queues: [Name; 3],
    /// How often a quorum queue hands a message out again before it drops it, if there is a limit.
    delivery_limit: Option<i64>,
}

impl RequestHandler {
    /// Warns of a request that its queue is about to drop.
    fn check_delivery_count(&self, consumer: &Name, count: Option<i64>) {
        let (Some(count), Some(limit)) = (count, self.delivery_limit) else {
            return;
        };
        // Half of the limit leaves time to find out why.
        if count < (limit / 2).max(1) {
            return;
        }
        let queue = queue_index(consumer).and_then(|index| self.queues.get(index));
        tracing::warn!(
            queue = queue.map_or("", Name::as_str),
            count,
            limit,
            "a request has come back to its queue again and again, and the queue drops it beyond its delivery limit: \
             find out why servers of this topic lose their connections, or raise `rabbit_quorum_delivery_limit`"
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
        // What was left of the call's time when it was published; some of it has passed since.
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

/// The end of a listener: it was closed or dropped, or the driver was.
struct Ended {
    closing: watch::Receiver<bool>,
    stop: watch::Receiver<bool>,
}

impl Ended {
    /// What `work` gives, unless the end comes first.
    async fn or<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            _ = self.closing.wait_for(|closing| *closing) => None,
            _ = self.stop.wait_for(|stop| *stop) => None,
            done = work => Some(done),
        }
    }
}
