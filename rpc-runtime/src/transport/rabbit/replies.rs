//! The replies to this process: one queue for all its calls, and the task that reads it.
//!
//! The queue keeps its name over all connections, so a reply that comes while none stands is read from
//! the next one. A reply is acknowledged some time after it has come to the reply table, together with others:
//! one that comes again on the next connection finds nobody who waits for it. The reader never waits for a
//! caller. Replies that are malformed or that nobody waits for are dropped with a log line.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_core::Stream;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Consumer};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::backoff::{Backoff, Pace};
use super::connection::Links;
use super::deliveries::{Delivered, Sink, Tap};
use super::engine::Engine;
use super::fault::Fault;
use super::frames;
use super::link::Link;
use super::port::Port;
use super::topology::Queue;
use crate::mutex::lock;
use crate::transport::ReplyTable;
use crate::wire::Reply;
use crate::{Error, Result};

/// How many replies may be on their way here: the reader is quick, but memory is not endless.
const PREFETCH: u16 = 1024;
/// How many replies, and how many bytes of them, are acknowledged together: the broker keeps them until then.
const TOGETHER: u64 = 64;
const BYTES_TOGETHER: usize = 64 * 1024;
/// How long a reply is left unacknowledged, when no others come.
const LAZY: Duration = Duration::from_secs(1);

/// Whether replies would arrive.
#[derive(Debug, Clone)]
enum Reading {
    NotYet,
    Consuming,
    /// The broker refuses the queue.
    Refused(Error),
}

/// The reply queue of a process; its reader ends with it.
#[derive(Debug)]
pub(super) struct Replies {
    queue: Queue,
    engine: Arc<Engine>,
    reading: watch::Receiver<Reading>,
    /// Until the first call.
    reader: Mutex<Option<Reader>>,
}

impl Replies {
    pub(super) fn new(
        queue: Queue,
        engine: Arc<Engine>,
        links: Links,
        table: ReplyTable,
        backoff: Backoff,
        closing: watch::Receiver<bool>,
    ) -> Self {
        let (sender, reading) = watch::channel(Reading::NotYet);
        let reader = Reader {
            queue: queue.clone(),
            links,
            table,
            pace: Pace::new(backoff),
            reading: sender,
            closing,
        };
        Self {
            queue,
            engine,
            reading,
            reader: Mutex::new(Some(reader)),
        }
    }

    fn take_reader(&self) -> Option<Reader> {
        lock(&self.reader).take()
    }

    /// The queue's name, if replies to it would arrive.
    pub(super) fn is_ready(&self) -> Option<&str> {
        matches!(*self.reading.borrow(), Reading::Consuming).then_some(self.queue.name.as_str())
    }

    /// The queue's name, once replies to it would arrive.
    pub(super) async fn ready(&self) -> Result<&str> {
        if let Some(reader) = self.take_reader() {
            self.engine.spawn(reader.run())?;
        }
        let mut reading = self.reading.clone();
        loop {
            match &*reading.borrow_and_update() {
                Reading::Consuming => return Ok(self.queue.name.as_str()),
                Reading::Refused(error) => return Err(error.clone()),
                Reading::NotYet => {}
            }
            if reading.changed().await.is_err() {
                return Err(Error::Closed);
            }
        }
    }

    /// Gives the reader up that nobody has needed.
    pub(super) fn close(&self) {
        drop(self.take_reader());
    }
}

#[derive(Debug)]
struct Reader {
    queue: Queue,
    links: Links,
    table: ReplyTable,
    pace: Pace,
    reading: watch::Sender<Reading>,
    closing: watch::Receiver<bool>,
}

impl Reader {
    async fn run(mut self) {
        let mut closing = self.closing.clone();
        tokio::select! {
            () = self.read() => {}
            _ = closing.wait_for(|closing| *closing) => {}
        }
        if self.queue.private
            && let Some(link) = self.links.current()
            && let Err(fault) = link.delete_queue(&self.queue.name).await
        {
            tracing::debug!(queue = %self.queue.name, why = %fault.why(), "the reply queue stays behind");
        }
    }

    async fn read(&mut self) {
        while let Some(link) = self.links.next().await {
            let since = Instant::now();
            let fault = match self.consume(&link).await {
                Ok((_tap, sink, mut consumer)) => {
                    self.reading.send_replace(Reading::Consuming);
                    let fault = tokio::select! {
                        fault = ended(&link, &mut consumer) => fault,
                        never = sink.acknowledge_in_time() => match never {},
                    };
                    // The end of the connection has its own line.
                    if link.is_up() {
                        tracing::warn!(queue = %self.queue.name, why = %fault.why(),
                            "the client hears no replies: declaring anew");
                    }
                    fault
                }
                Err(fault) => {
                    tracing::warn!(queue = %self.queue.name, why = %fault.why(), "cannot read replies");
                    fault
                }
            };
            self.reading
                .send_replace(match fault.refusal("the reply queue") {
                    Some(error) => Reading::Refused(error),
                    None => Reading::NotYet,
                });
            let pause = self.pace.after(since.elapsed());
            // A link that is down is its supervisor's to pace.
            if link.is_up() {
                sleep(pause).await;
            }
        }
    }

    /// Consumes the queue: replies go to their calls from then on, until the tap is dropped.
    async fn consume(&self, link: &Link) -> Result<(Tap, Arc<ReplySink>, Consumer), Fault> {
        link.declare_queue(&self.queue).await?;
        let channel = link.open_channel().await?;
        let qos = channel.basic_qos(PREFETCH, BasicQosOptions::default());
        link.control("basic.qos", qos).await?;
        let sink = Arc::new(ReplySink {
            table: self.table.clone(),
            channel: channel.clone(),
            port: link.port().clone(),
            state: Mutex::default(),
        });
        let tap = link.inbound().consuming.tap(channel.id(), sink.clone());
        let consume = channel.basic_consume(
            self.queue.name.clone(),
            ShortString::default(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let consumer = link.control("basic.consume", consume).await?;
        Ok((tap, sink, consumer))
    }
}

/// Brings replies to their calls, and acknowledges them.
struct ReplySink {
    table: ReplyTable,
    channel: Channel,
    port: Arc<Port>,
    state: Mutex<Brought>,
}

/// What was brought so far.
#[derive(Debug, Default)]
struct Brought {
    last: u64,
    acknowledged: u64,
    /// Of those that are not acknowledged.
    bytes: usize,
    /// The channel is closed: nothing may be written there.
    closed: bool,
}

impl ReplySink {
    /// Acknowledges what was brought and is not acknowledged, if there is enough of it.
    fn acknowledge(&self, enough: impl FnOnce(&Brought) -> bool) {
        let mut state = self.lock();
        if state.closed || state.last == state.acknowledged || !enough(&state) {
            return;
        }
        state.acknowledged = state.last;
        state.bytes = 0;
        // Under the lock, so that it comes before the end of the channel.
        let sent = self.port.send(false, |out| {
            frames::ack(out, self.channel.id(), state.last, true);
        });
        if let Err(fault) = sent {
            // The replies come again, and nobody waits for them.
            tracing::debug!(why = %fault.why(), "replies were not acknowledged");
        }
    }

    /// Acknowledges what has no company.
    async fn acknowledge_in_time(&self) -> Infallible {
        loop {
            sleep(LAZY).await;
            self.acknowledge(|_| true);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Brought> {
        lock(&self.state)
    }
}

impl Sink for ReplySink {
    fn deliver(&self, delivered: Delivered) {
        {
            let mut state = self.lock();
            state.last = delivered.tag;
            state.bytes += delivered.body.len();
        }
        match Reply::decode(&delivered.body) {
            Ok(reply) => self.table.complete(reply),
            Err(error) => tracing::warn!(%error, "a reply that cannot be read is dropped"),
        }
    }

    fn closed(&self, _: &Fault) {
        self.lock().closed = true;
    }

    fn pause(&self) {
        self.acknowledge(|brought| {
            brought.last - brought.acknowledged >= TOGETHER || brought.bytes >= BYTES_TOGETHER
        });
    }
}

/// Waits for the end of a consumer whose messages go elsewhere.
pub(super) async fn ended(link: &Link, consumer: &mut Consumer) -> Fault {
    loop {
        let next = poll_fn(|context| Pin::new(&mut *consumer).poll_next(context));
        let next = tokio::select! {
            next = next => next,
            why = link.down() => return Fault::ended(why),
        };
        match next {
            // It came after its tap was dropped.
            Some(Ok(_)) => {}
            Some(Err(error)) => return Fault::of(&error),
            // The queue was deleted, or its node is gone: all is well but for the queue.
            None => return Fault::lost("the broker cancelled the consumer: its queue was deleted"),
        }
    }
}
