//! The requests for one server: three queues, consumed on one channel, again after each interruption.
//!
//! A task owns channel and consumers. Whatever ends them (the link, a queue that was deleted, a refused
//! acknowledgement) ends the whole session: its channel is closed, which gives back what was not
//! acknowledged, and everything is declared and consumed anew. A request of an ended session can no
//! longer be acknowledged, so that it is not run here while the broker hands it to another server.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Consumer};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::backoff::Pace;
use super::connection::Links;
use super::delivery::{RabbitDelivery, Session};
use super::fault::Fault;
use super::link::Link;
use super::shared::Shared;
use super::topology::Queue;
use crate::transport::{Incoming, Listener};
use crate::{Error, Result};

/// A server's ear; dropping it ends it, in the background.
pub(super) struct RabbitListener {
    incoming: mpsc::UnboundedReceiver<Arrived>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

/// A request, and when it is of no use any more: the broker lets nothing expire that it has delivered.
struct Arrived {
    incoming: Incoming,
    expires: Option<Instant>,
}

impl RabbitListener {
    /// Done when requests would arrive.
    pub(super) async fn start(
        shared: Arc<Shared>,
        queues: [Queue; 3],
        prefetch: u16,
    ) -> Result<Self> {
        // Not bounded here: prefetch is the bound.
        let (incoming_sender, incoming) = mpsc::unbounded_channel();
        let stop = watch::Sender::new(false);
        let (started, start) = oneshot::channel();
        let task = ListenerTask {
            links: shared.consuming.links(),
            closing: shared.closing(),
            shared: shared.clone(),
            stop: stop.subscribe(),
            sources: queues.map(|queue| Source {
                queue,
                next_offset: None,
            }),
            prefetch,
            incoming: incoming_sender,
            started: Some(started),
        };
        let task = shared.engine.spawn(task.run())?;
        let listener = Self {
            incoming,
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
    async fn next(&mut self) -> Option<Incoming> {
        loop {
            let Arrived {
                mut incoming,
                expires,
            } = self.incoming.recv().await?;
            if expires.is_none_or(|expires| Instant::now() < expires) {
                return Some(incoming);
            }
            // Its caller has given up. Should this future be dropped here, it comes again.
            tracing::debug!("a request expired while it waited for its turn");
            let _ = incoming.delivery.acknowledge().await;
        }
    }

    async fn close(&mut self) {
        self.stop.send_replace(true);
        if let Some(task) = &mut self.task {
            // It has ended either way.
            let _ = task.await;
            self.task = None;
        }
        self.incoming.close();
        while self.incoming.try_recv().is_ok() {}
    }
}

/// A queue, and for a stream where to read on.
#[derive(Debug)]
struct Source {
    queue: Queue,
    next_offset: Option<i64>,
}

impl Source {
    fn consumer_arguments(&self) -> FieldTable {
        let mut arguments = FieldTable::default();
        if self.queue.stream {
            let offset = match self.next_offset {
                Some(offset) => AMQPValue::LongLongInt(offset),
                None => AMQPValue::LongString("last".into()),
            };
            arguments.insert("x-stream-offset".into(), offset);
        }
        arguments
    }
}

struct ListenerTask {
    shared: Arc<Shared>,
    links: Links,
    closing: watch::Receiver<bool>,
    stop: watch::Receiver<bool>,
    sources: [Source; 3],
    prefetch: u16,
    incoming: mpsc::UnboundedSender<Arrived>,
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
                Ok((session, mut consumers)) => {
                    if let Some(started) = self.started.take() {
                        let _ = started.send(Ok(()));
                    }
                    let fault = ended.or(self.pump(&session, &mut consumers)).await;
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
            let queue = &self.sources[0].queue.name;
            tracing::warn!(%queue, why = %fault.why(), "the server hears nothing: declaring anew");
            let pause = pace.after(since.elapsed());
            // A link that is down is its supervisor's to pace.
            if link.is_up() {
                ended.or(sleep(pause)).await;
            }
        }
        self.delete_private_queues().await;
    }

    async fn register(&self, link: &Arc<Link>) -> Result<(Arc<Session>, Vec<Consumer>), Fault> {
        for source in &self.sources {
            link.declare_queue(&source.queue).await?;
        }
        let channel = link.open_channel().await?;
        if self.prefetch > 0 {
            let qos = channel.basic_qos(self.prefetch, BasicQosOptions::default());
            link.control("basic.qos", qos).await?;
        }
        let mut consumers = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            consumers.push(consume(link, &channel, source).await?);
        }
        Ok((Arc::new(Session::new(link.clone(), channel)), consumers))
    }

    /// Passes requests on until a consumer ends.
    async fn pump(&mut self, session: &Arc<Session>, consumers: &mut [Consumer]) -> Fault {
        let mut turn = 0;
        let queues = self.sources.iter().map(|source| source.queue.clone());
        let mut bindings = pin!(session.link().keep_bound(queues.collect()));
        loop {
            let (index, next) = tokio::select! {
                next = next_of(consumers, &mut turn) => next,
                why = session.down() => return Fault::ended(why),
                never = &mut bindings => match never {},
            };
            let delivery = match next {
                Some(Ok(delivery)) => delivery,
                Some(Err(error)) => return Fault::of(&error),
                None => {
                    return Fault::lost("the broker cancelled the consumer: its queue was deleted");
                }
            };
            let source = &mut self.sources[index];
            if source.queue.stream
                && let Some(offset) = stream_offset(&delivery)
            {
                source.next_offset = offset.checked_add(1);
            }
            let expires = expiration(&delivery).and_then(|left| Instant::now().checked_add(left));
            let way_back =
                RabbitDelivery::new(self.shared.clone(), session.clone(), delivery.delivery_tag);
            let incoming = Incoming::new(Bytes::from(delivery.data), Box::new(way_back));
            // The listener may be gone; then the task is about to be stopped.
            let _ = self.incoming.send(Arrived { incoming, expires });
        }
    }

    async fn delete_private_queues(&self) {
        let Some(link) = self.links.current() else {
            return;
        };
        for source in self.sources.iter().filter(|source| source.queue.private) {
            if let Err(fault) = link.delete_queue(&source.queue.name).await {
                let queue = &source.queue.name;
                tracing::debug!(%queue, why = %fault.why(), "the queue stays behind until it expires");
            }
        }
    }
}

async fn consume(link: &Link, channel: &Channel, source: &Source) -> Result<Consumer, Fault> {
    let consume = channel.basic_consume(
        source.queue.name.clone(),
        ShortString::default(),
        BasicConsumeOptions::default(),
        source.consumer_arguments(),
    );
    link.control("basic.consume", consume).await
}

type Next = Option<lapin::Result<lapin::message::Delivery>>;

/// The next delivery of any consumer, each being asked first in its turn.
async fn next_of(consumers: &mut [Consumer], turn: &mut usize) -> (usize, Next) {
    poll_fn(|context| {
        for step in 0..consumers.len() {
            let index = (*turn + step) % consumers.len();
            if let Poll::Ready(next) = Pin::new(&mut consumers[index]).poll_next(context) {
                *turn = index + 1;
                return Poll::Ready((index, next));
            }
        }
        Poll::Pending
    })
    .await
}

/// What was left of the call's time when it was published; some of it has passed since.
fn expiration(delivery: &lapin::message::Delivery) -> Option<Duration> {
    let milliseconds = delivery.properties.expiration().as_ref()?;
    milliseconds
        .as_str()
        .parse()
        .ok()
        .map(Duration::from_millis)
}

fn stream_offset(delivery: &lapin::message::Delivery) -> Option<i64> {
    match delivery
        .properties
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
