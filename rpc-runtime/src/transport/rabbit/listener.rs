//! The requests for one server: three queues, consumed on one channel, again after each interruption.
//!
//! What is delivered is taken by the [session](super::session), on the thread that reads the socket, and goes from
//! there to the [`RabbitListener`]. A task owns channel and consumers. Whatever ends them (the link, a queue that was
//! deleted) ends the whole session: its channel is closed, which gives back what was not taken, and
//! everything is declared and consumed anew. A request of an ended session can no longer be taken, so that it is
//! not run here while the broker hands it to another server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Consumer};
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
use super::session::{Session, Waiting};
use super::shared::Shared;
use super::topology::Queue;
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
        // Not bounded here: the permits are the bound.
        let (sender, arrivals) = mpsc::unbounded_channel();
        let stop = watch::Sender::new(false);
        let permits = Arc::new(Permits::new(terms.concurrency));
        let (started, start) = oneshot::channel();
        let task = ListenerTask {
            links: shared.consuming.links(),
            closing: shared.closing(),
            shared: shared.clone(),
            stop: stop.subscribe(),
            queues,
            prefetch: terms.prefetch,
            permits: permits.clone(),
            arrivals: sender,
            next_offset: Arc::default(),
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

#[async_trait]
impl Listener for RabbitListener {
    async fn next(&mut self) -> Option<Arrival> {
        self.arrivals.recv().await
    }

    async fn close(&mut self) {
        self.stop.send_replace(true);
        if let Some(task) = &mut self.task {
            // It has ended either way.
            let _ = task.await;
            self.task = None;
        }
        self.arrivals.close();
    }

    async fn settled(&mut self) {
        self.permits.all_back().await;
    }
}

struct ListenerTask {
    shared: Arc<Shared>,
    links: Links,
    closing: watch::Receiver<bool>,
    stop: watch::Receiver<bool>,
    queues: [Queue; 3],
    prefetch: u16,
    permits: Arc<Permits>,
    arrivals: mpsc::UnboundedSender<Arrival>,
    /// Where to read on in a stream; there is one at most.
    next_offset: Arc<Mutex<Option<i64>>>,
    /// To be told when the first session stands, or that none ever will.
    started: Option<oneshot::Sender<Result<()>>>,
}

impl ListenerTask {
    async fn run(mut self) {
        let mut ended = Ended {
            closing: self.closing.clone(),
            stop: self.stop.clone(),
        };
        let mut pace = Pace::new(self.shared.backoff);
        while let Some(link) = ended.or(self.links.next()).await.flatten() {
            let since = Instant::now();
            // Not interrupted: a consume that is dropped half-way would take requests for nobody. Each
            // step has its deadline.
            let fault = match self.register(&link).await {
                Ok((session, _tap, mut consumers)) => {
                    if let Some(started) = self.started.take() {
                        let _ = started.send(Ok(()));
                    }
                    let fault = ended.or(self.attend(&link, &session, &mut consumers)).await;
                    session.end(&link).await;
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

    async fn register(
        &self,
        link: &Arc<Link>,
    ) -> Result<(Arc<Session>, Tap, [Consumer; 3]), Fault> {
        for queue in &self.queues {
            link.declare_queue(queue).await?;
        }
        let channel = link.open_channel().await?;
        if self.prefetch > 0 {
            let qos = channel.basic_qos(self.prefetch, BasicQosOptions::default());
            link.control("basic.qos", qos).await?;
        }
        let session = Session::new(
            self.shared.clone(),
            link,
            channel.clone(),
            self.permits.clone(),
            self.arrivals.clone(),
        );
        let sink = Arc::new(RequestSink {
            session: session.clone(),
            stream: self
                .queues
                .iter()
                .position(|queue| queue.stream)
                .map(consumer_tag),
            next_offset: self.next_offset.clone(),
        });
        let tap = link.inbound().consuming.tap(channel.id(), sink);
        let consumers = [
            self.consume(link, &channel, 0).await?,
            self.consume(link, &channel, 1).await?,
            self.consume(link, &channel, 2).await?,
        ];
        Ok((session, tap, consumers))
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
            let next_offset = *lock(&self.next_offset);
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
    async fn attend(
        &self,
        link: &Arc<Link>,
        session: &Session,
        consumers: &mut [Consumer; 3],
    ) -> Fault {
        let queues = self.queues.to_vec();
        let [topic, directed, fanout] = consumers;
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

/// What the consumer of a queue is called.
fn consumer_tag(index: usize) -> ShortString {
    ShortString::from((index + 1).to_string())
}

/// Passes requests on.
struct RequestSink {
    session: Arc<Session>,
    /// The consumer that reads from a stream.
    stream: Option<ShortString>,
    next_offset: Arc<Mutex<Option<i64>>>,
}

impl Sink for RequestSink {
    fn deliver(&self, delivered: Delivered) {
        let Delivered {
            consumer,
            tag,
            properties,
            body,
        } = delivered;
        if self.stream.as_ref() == Some(&consumer)
            && let Some(offset) = stream_offset(&properties)
        {
            *lock(&self.next_offset) = offset.checked_add(1);
        }
        let expires = expiration(&properties).and_then(|left| Instant::now().checked_add(left));
        self.session.arrived(Waiting { tag, body, expires });
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

/// What was left of the call's time when it was published; some of it has passed since.
fn expiration(properties: &BasicProperties) -> Option<Duration> {
    let milliseconds = properties.expiration().as_ref()?;
    milliseconds
        .as_str()
        .parse()
        .ok()
        .map(Duration::from_millis)
}

fn stream_offset(properties: &BasicProperties) -> Option<i64> {
    match properties
        .headers()
        .as_ref()?
        .inner()
        .get("x-stream-offset")?
    {
        AMQPValue::LongLongInt(offset) => Some(*offset),
        AMQPValue::LongInt(offset) => Some(i64::from(*offset)),
        _ => None,
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No section can stop half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
