//! The task of a listener: it consumes three queues on one channel, and starts again after each interruption.
//!
//! The task owns the channel and its consumers. The [session](super::session) takes the requests that the channel
//! delivers, and passes them to the [`RabbitListener`](super::listener::RabbitListener).
//!
//! If the connection ends or a queue is deleted, the whole session ends. The task then closes the channel, which
//! requeues the requests that were not taken, and declares and consumes all queues again. A request of an ended session
//! must not be taken: the broker delivers it to another server.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use super::super::amqp::{
    Connection, ConsumeChannel, Consumer, Fault, FieldTable, RECEIPT_DEADLINE,
};
use super::super::backoff::{Pace, jittered};
use super::super::connection::Connections;
use super::super::shared::Shared;
use super::super::topology::{Declarer, Queue, declare_unused, is_consumed_alone, name_anew};
use super::quorum_consumers::{QuorumConsumers, consumer_tag};
use super::request_handler::RequestHandler;
use super::session::{ListenerShared, Session};
use crate::transport::ListenerState;
use crate::{Error, Result};

/// How long the deletion of the server's own queues may take.
const DELETION_DEADLINE: Duration = Duration::from_secs(5);
/// How often a server binds its queues again. The interval is shortened by a random part of up to a quarter. Each time
/// takes six small commands.
const REBIND_INTERVAL: Duration = Duration::from_secs(30);
/// How many times within its expiry a queue without consumers is renewed.
const RENEWALS: u32 = 3;
/// The index of the queue for fanouts, the only one that can be a stream.
const FANOUT: usize = 2;

/// The task of one listener. It ends when the listener is closed or dropped, or when the driver is closed.
pub(super) struct ListenerTask {
    pub(super) connections: Connections,
    pub(super) closing: watch::Receiver<bool>,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) queues: [Queue; 3],
    pub(super) prefetch: u16,
    pub(super) listener: Arc<ListenerShared>,
    pub(super) shared: Arc<Shared>,
    /// Whether the queue for fanouts was consumed under its current name.
    pub(super) has_consumed: bool,
    pub(super) state: watch::Sender<ListenerState>,
    pub(super) given_back: Arc<AtomicUsize>,
    /// Receives the result of [`RabbitListener::start`](super::listener::RabbitListener::start): the first session is
    /// open, or there will be none.
    pub(super) started: Option<oneshot::Sender<Result<()>>>,
}

impl ListenerTask {
    /// Runs one session after the other.
    pub(super) async fn run(mut self) {
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
        // The last logged fault since the queues were consumed.
        let mut reported: Option<Arc<str>> = None;
        while let Some(connection) = ended.or(self.connections.next()).await.flatten() {
            let since = Instant::now();
            let Some(registered) = ended.or(self.register(&connection)).await else {
                break;
            };
            let (fault, event) = match registered {
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
                    (
                        fault,
                        "the server's consumers have ended: declaring and consuming anew",
                    )
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
                    (Some(fault), "cannot consume the server's queues: retrying")
                }
            };
            let Some(fault) = fault else { break };
            let (queue, why) = (&self.queues[0].name, fault.why());
            if reported.as_ref() == Some(why) {
                tracing::debug!(%queue, %why, "still cannot consume");
            } else {
                tracing::warn!(%queue, %why, "{event}");
            }
            reported = Some(why.clone());
            let pause = if fault.is_refused() {
                pace.after_refusal(since.elapsed())
            } else {
                pace.after(since.elapsed())
            };
            // If the connection has ended, its supervisor backs off.
            if connection.is_up() {
                ended.or(sleep(pause.most)).await;
            }
        }
        // Without a limit, a dead connection would hold up the stop of the server. The queues expire.
        let deleted = self.delete_private_queues();
        if timeout(DELETION_DEADLINE, deleted).await.is_err() {
            tracing::debug!(queue = %self.queues[0].name, "the server's own queues were not deleted in time");
        }
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

    /// Fails [`RabbitListener::start`](super::listener::RabbitListener::start).
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
        // The name is checked once. Later, the queue's consumers may include this process's own of an earlier
        // connection.
        if !self.has_consumed {
            if !is_consumed_alone(&topology, &declarer, &mut self.queues[FANOUT]).await? {
                return Err(Fault::lost(
                    "another process consumes the queue for fanouts of the same name",
                ));
            }
            self.has_consumed = true;
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

    /// Waits until a consumer ends, or until acknowledgements are not answered in time. Meanwhile, it keeps the queues
    /// bound, and keeps them from expiring.
    async fn attend(&self, connection: &Connection, registered: &Registered) -> Fault {
        tokio::select! {
            fault = registered.channel.ended() => fault,
            never = keep_bound(&registered.declarer, &self.queues) => match never {},
            never = keep_from_expiring(&registered.session, &self.queues) => match never {},
            () = registered.session.overdue(RECEIPT_DEADLINE) => {
                let why = format!("the broker did not answer acknowledgements within {RECEIPT_DEADLINE:?}");
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
                tracing::debug!(%queue, why = %fault.why(), "the queue was not deleted");
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

/// Keeps quorum queues from expiring while the session has no consumers. A declaration does not reset a queue's expiry,
/// so a consumer is started for a moment.
async fn keep_from_expiring(session: &Session, queues: &[Queue]) -> Infallible {
    let quorum = queues.iter().filter(|queue| queue.is_quorum());
    let Some(expiry) = quorum.filter_map(Queue::expiry).min() else {
        return pending().await;
    };
    loop {
        sleep(jittered(expiry / RENEWALS)).await;
        session.renew();
    }
}

/// A session with its channel, and the declarer that keeps its queues bound.
struct Registered {
    session: Arc<Session>,
    channel: ConsumeChannel,
    declarer: Declarer,
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
