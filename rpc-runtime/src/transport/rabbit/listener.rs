//! The requests for one server: three queues, consumed on one channel, again after each interruption.
//!
//! What is delivered is taken by the [session](super::session), on the thread that reads the socket, and goes from
//! there to the [`RabbitListener`]. A task owns channel and consumers. Whatever ends them (the link, a queue that was
//! deleted) ends the whole session: its channel is closed, which gives back what was not taken, and
//! everything is declared and consumed anew. A request of an ended session can no longer be taken, so that it is
//! not run here while the broker hands it to another server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Consumer};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::backoff::Pace;
use super::connection::Links;
use super::deliveries::{Delivered, Sink, Tap};
use super::fault::Fault;
use super::link::{CONTROL_DEADLINE, Link};
use super::permits::Permits;
use super::replies::ended as consumer_ended;
use super::session::{Intake, Session, Waiting};
use super::shared::Shared;
use super::topology::Queue;
use crate::endpoint::BoxFuture;
use crate::mutex::lock;
use crate::transport::{Arrival, ListenTerms, Listener};
use crate::{Error, Result};

/// A server's ear; dropping it ends it, in the background.
pub(super) struct RabbitListener {
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    permits: Arc<Permits>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl RabbitListener {
    /// Done when requests would arrive.
    pub(super) async fn start(
        shared: Arc<Shared>,
        queues: [Queue; 3],
        terms: &ListenTerms,
    ) -> Result<Self> {
        // Not bounded here: the permits are the bound of what is taken.
        let (sender, arrivals) = mpsc::unbounded_channel();
        let stop = watch::Sender::new(false);
        let permits = Permits::new(terms.concurrency);
        let (started, start) = oneshot::channel();
        let task = ListenerTask {
            links: shared.consuming.links(),
            closing: shared.closing(),
            stop: stop.subscribe(),
            queues,
            prefetch: terms.prefetch,
            intake: Arc::new(Intake {
                shared: shared.clone(),
                permits: permits.clone(),
                arrivals: sender,
                next_offset: Mutex::default(),
            }),
            started: Some(started),
        };
        let task = shared.engine.spawn(task.run())?;
        let listener = Self {
            arrivals,
            permits,
            stop,
            task: Some(task),
        };
        // Should this future be dropped here, the listener is, and with it the task.
        start.await.unwrap_or(Err(Error::Closed))?;
        Ok(listener)
    }
}

impl Listener for RabbitListener {
    fn next(&mut self) -> BoxFuture<'_, Option<Arrival>> {
        Box::pin(async move {
            // Before somebody asks, nothing is taken.
            self.permits.listen();
            self.arrivals.recv().await
        })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.permits.close();
            self.stop.send_replace(true);
            if let Some(task) = &mut self.task {
                // It has ended either way.
                let _ = task.await;
                self.task = None;
            }
            self.arrivals.close();
        })
    }

    fn settled(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.permits.all_back())
    }
}

impl Drop for RabbitListener {
    fn drop(&mut self) {
        // In this order: nothing is taken for a permit that comes back by it.
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
    links: Links,
    closing: watch::Receiver<bool>,
    stop: watch::Receiver<bool>,
    queues: [Queue; 3],
    prefetch: u16,
    intake: Arc<Intake>,
    /// To be told when the first session stands, or that none ever will.
    started: Option<oneshot::Sender<Result<()>>>,
}

impl ListenerTask {
    async fn run(mut self) {
        let mut ended = Ended {
            closing: self.closing.clone(),
            stop: self.stop.clone(),
        };
        let mut pace = Pace::new(self.intake.shared.backoff);
        while let Some(link) = ended.or(self.links.next()).await.flatten() {
            let since = Instant::now();
            // Not interrupted: a consume that is dropped half-way would take requests for nobody. Each
            // step has its deadline.
            let fault = match self.register(&link).await {
                Ok(mut registered) => {
                    if let Some(started) = self.started.take() {
                        let _ = started.send(Ok(()));
                    }
                    registered.session.open();
                    let fault = ended.or(self.attend(&link, &mut registered)).await;
                    registered.session.end(&link, &registered.channel).await;
                    fault
                }
                Err(fault) => {
                    let refusal = fault.refusal("the queues of a server");
                    // Only the first time is there somebody to tell; later on, it is tried again.
                    if let Some(error) = refusal
                        && let Some(started) = self.started.take()
                    {
                        let _ = started.send(Err(error));
                        return;
                    }
                    Some(fault)
                }
            };
            let Some(fault) = fault else { break };
            let queue = &self.queues[0].name;
            tracing::warn!(%queue, why = %fault.why(), "the server hears nothing: declaring anew");
            let pause = pace.after(since.elapsed());
            // A link that is down is its supervisor's to pace.
            if link.is_up() {
                ended.or(sleep(pause)).await;
            }
        }
        self.delete_private_queues().await;
    }

    async fn register(&self, link: &Arc<Link>) -> Result<Registered, Fault> {
        for queue in &self.queues {
            link.declare_queue(queue).await?;
        }
        let channel = link.open_channel().await?;
        if self.prefetch > 0 {
            let qos = channel.basic_qos(self.prefetch, BasicQosOptions::default());
            link.control("basic.qos", qos).await?;
        }
        let session = Session::new(self.intake.clone(), link.port().clone(), channel.id());
        let session = Arc::new(session);
        let sink = Arc::new(RequestSink {
            session: session.clone(),
            stream: self
                .queues
                .iter()
                .position(|queue| queue.stream)
                .map(consumer_tag),
        });
        let tap = link.inbound().consuming.tap(channel.id(), sink);
        let consumers = [
            self.consume(link, &channel, 0).await?,
            self.consume(link, &channel, 1).await?,
            self.consume(link, &channel, 2).await?,
        ];
        Ok(Registered {
            session,
            channel,
            consumers,
            _tap: tap,
        })
    }

    async fn consume(
        &self,
        link: &Link,
        channel: &Channel,
        index: usize,
    ) -> Result<Consumer, Fault> {
        let queue = &self.queues[index];
        let mut arguments = FieldTable::default();
        if queue.stream {
            let next_offset = *lock(&self.intake.next_offset);
            let offset = match next_offset {
                Some(offset) => AMQPValue::LongLongInt(offset),
                None => AMQPValue::LongString("last".into()),
            };
            arguments.insert("x-stream-offset".into(), offset);
        }
        let options = BasicConsumeOptions::default();
        let consume =
            channel.basic_consume(queue.name.clone(), consumer_tag(index), options, arguments);
        link.control("basic.consume", consume).await
    }

    /// Waits until a consumer ends.
    async fn attend(&self, link: &Arc<Link>, registered: &mut Registered) -> Fault {
        let queues = self.queues.to_vec();
        let session = &registered.session;
        let [topic, directed, fanout] = &mut registered.consumers;
        tokio::select! {
            fault = consumer_ended(link, topic) => fault,
            fault = consumer_ended(link, directed) => fault,
            fault = consumer_ended(link, fanout) => fault,
            never = link.keep_bound(queues) => match never {},
            () = session.unanswered(CONTROL_DEADLINE) => {
                let why = format!("acknowledgements were not answered within {CONTROL_DEADLINE:?}");
                link.fail(&why);
                Fault::lost(why)
            }
        }
    }

    async fn delete_private_queues(&self) {
        let Some(link) = self.links.current() else {
            return;
        };
        for queue in self.queues.iter().filter(|queue| queue.private) {
            if let Err(fault) = link.delete_queue(&queue.name).await {
                let queue = &queue.name;
                tracing::debug!(%queue, why = %fault.why(), "the queue stays behind until it expires");
            }
        }
    }
}

/// All that stands for one session.
struct Registered {
    session: Arc<Session>,
    channel: Channel,
    consumers: [Consumer; 3],
    _tap: Tap,
}

/// What the consumer of a queue is called.
fn consumer_tag(index: usize) -> ShortString {
    ShortString::from((index + 1).to_string())
}

/// Passes requests on.
struct RequestSink {
    session: Arc<Session>,
    /// The consumer that reads from a stream.
    stream: Option<ShortString>,
}

impl Sink for RequestSink {
    fn deliver(&self, delivered: Delivered) {
        let Delivered {
            consumer,
            tag,
            properties,
            body,
        } = delivered;
        let is_streamed = self.stream.as_ref() == Some(&consumer);
        let offset = properties.stream_offset.filter(|_| is_streamed);
        // What was left of the call's time when it was published; some of it has passed since.
        let left = properties.expiration.map(Duration::from_millis);
        let expires = left.and_then(|left| Instant::now().checked_add(left));
        self.session.arrived(Waiting {
            tag,
            body,
            expires,
            offset,
        });
    }

    fn pause(&self) {
        self.session.take();
    }

    fn answered(&self) {
        self.session.answered();
    }

    fn closed(&self, fault: &Fault) {
        self.session.closed(fault);
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
