//! The reply queue of this process, which all its calls share, and the task that reads it.
//!
//! The queue keeps its name over all connections: a reply that arrives without a connection is read over the next one.
//! Replies are acknowledged in groups, after they were passed to the reply table or to the compression thread. A reply
//! that the broker redelivers on the next connection finds no waiting call, and is dropped.
//!
//! The reader must never wait for a caller. It drops a malformed reply with a log line. The reader owns its consumer;
//! the reply table belongs to the driver.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::amqp::{
    Acknowledger, Body, Connection, ConsumeChannel, Delivered, DeliveryHandler, Fault, FieldTable,
    Name,
};
use super::backoff::{Backoff, Pace};
use super::compression::{BodyFormat, CompressionThread, Damaged};
use super::connection::{Attempts, Connections, Engine, Nudge, Nudged, Progress};
use super::topology::{Declarer, Queue, Topology, declare_unused, is_consumed_alone, name_anew};
use crate::error::Stage;
use crate::metrics::{self, Lost};
use crate::sync::Mutex;
use crate::transport::ReplyTable;
use crate::wire::Reply;
use crate::{Error, Result};

/// The prefetch, which bounds the memory for replies.
const PREFETCH: u16 = 1024;
/// The number of unacknowledged replies at which they are acknowledged. The broker keeps them until then.
const ACKNOWLEDGE_COUNT: u64 = 64;
/// The number of bytes of unacknowledged replies at which they are acknowledged.
const ACKNOWLEDGE_BYTES: usize = 64 * 1024;
/// How long a reply stays unacknowledged if no others follow.
const ACKNOWLEDGE_INTERVAL: Duration = Duration::from_secs(1);

/// The name of the reply queue in the texts of errors.
const NAME_IN_ERRORS: &str = "the reply queue";

/// Whether the reply queue is consumed.
#[derive(Debug, Clone, Default)]
struct Reading {
    /// How many attempts to consume the queue have begun.
    attempts: u64,
    state: State,
}

#[derive(Debug, Clone, Default)]
enum State {
    /// An attempt is in progress or waits for a connection.
    #[default]
    NotYet,
    Consuming,
    /// The last attempt failed for this reason. The reader backs off.
    Failed(Arc<str>),
}

/// The reply queue of a process. Dropping it ends its reader.
#[derive(Debug)]
pub(crate) struct ReplyQueue {
    engine: Arc<Engine>,
    /// Set once the queue was consumed, and constant from then on.
    name: Arc<OnceLock<Name>>,
    reading: watch::Receiver<Reading>,
    /// The largest reply that any call so far accepts, in bytes. It never shrinks.
    size_limit: Arc<AtomicUsize>,
    /// Shortens the reader's pauses.
    nudge: Nudge,
    /// The reader's task, until the first call starts it.
    reader: Mutex<Option<Reader>>,
}

impl ReplyQueue {
    /// A reply queue over the connections that `connections` yields. It is declared when the first call needs it.
    /// Replies go to `table`.
    pub(crate) fn new(
        topology: Arc<Topology>,
        engine: Arc<Engine>,
        connections: Connections,
        table: ReplyTable,
        compression_thread: Arc<CompressionThread>,
        backoff: Backoff,
        closing: watch::Receiver<bool>,
    ) -> Self {
        let (sender, reading) = watch::channel(Reading::default());
        let (name, nudge) = (Arc::<OnceLock<Name>>::default(), Nudge::default());
        let size_limit = Arc::<AtomicUsize>::default();
        let reader = Reader {
            queue: topology.reply_queue(),
            topology,
            name: name.clone(),
            connections,
            table,
            compression_thread,
            pace: Pace::new(backoff),
            reading: sender,
            size_limit: size_limit.clone(),
            nudged: nudge.listen(),
            reported: None,
            has_consumed: false,
            closing,
        };
        Self {
            engine,
            name,
            reading,
            size_limit,
            nudge,
            reader: Mutex::new(Some(reader)),
        }
    }

    fn take_reader(&self) -> Option<Reader> {
        self.reader.lock().take()
    }

    /// Raises the limit for replies to `bytes`, the largest reply that a call accepts. Of a reply above the limit,
    /// only the end is kept in memory.
    pub(crate) fn accept(&self, bytes: usize) {
        // The limit hardly ever changes, and a load is cheaper than `fetch_max`: it does not invalidate the cache
        // line of other threads.
        if self.size_limit.load(Ordering::Relaxed) < bytes {
            self.size_limit.fetch_max(bytes, Ordering::Relaxed);
        }
    }

    /// The queue's name, if the queue is consumed now.
    pub(crate) fn ready_name(&self) -> Option<&str> {
        match self.reading.borrow().state {
            State::Consuming => self.name.get().map(Name::as_str),
            State::NotYet | State::Failed(_) => None,
        }
    }

    /// Waits until the queue is consumed, and returns its name. Fails after as many failed attempts to consume the
    /// queue as `attempts` allows.
    ///
    /// Only attempts that began after this call count: the cause of an earlier failure may be gone.
    pub(crate) async fn ready(
        &self,
        attempts: &mut Attempts<'_>,
        progress: &Progress,
    ) -> Result<&str> {
        if self.reader.lock().is_some() {
            // Before the reader is taken: if the thread cannot be started now, a later call can still start the reader.
            self.engine.start()?;
        }
        if let Some(reader) = self.take_reader() {
            self.engine.spawn(reader.run())?;
        }
        let mut reading = self.reading.clone();
        let mut counted = reading.borrow().attempts;
        let mut nudged = false;
        loop {
            let now = reading.borrow_and_update().clone();
            match now.state {
                State::Consuming => return Ok(self.name.get().map_or("", Name::as_str)),
                State::Failed(why) => {
                    if now.attempts > counted {
                        counted = now.attempts;
                        attempts.declaration_refused(NAME_IN_ERRORS, &why)?;
                    }
                    progress.set(Stage::Declaration(why));
                    // Once for each call, so that waiting calls do not turn the reader's pauses into a busy loop.
                    if !std::mem::replace(&mut nudged, true) {
                        self.nudge.send(attempts.is_urgent());
                    }
                }
                State::NotYet => {}
            }
            if reading.changed().await.is_err() {
                return Err(Error::new_closed());
            }
        }
    }

    /// Drops the reader if no call has needed it.
    pub(crate) fn close(&self) {
        drop(self.take_reader());
    }
}

#[derive(Debug)]
struct Reader {
    queue: Queue,
    topology: Arc<Topology>,
    name: Arc<OnceLock<Name>>,
    connections: Connections,
    table: ReplyTable,
    compression_thread: Arc<CompressionThread>,
    pace: Pace,
    reading: watch::Sender<Reading>,
    size_limit: Arc<AtomicUsize>,
    nudged: Nudged,
    /// The last logged reason why the queue cannot be consumed.
    reported: Option<Arc<str>>,
    /// Whether the queue was consumed under its current name.
    has_consumed: bool,
    closing: watch::Receiver<bool>,
}

/// The consumer of the reply queue on one connection.
struct Consuming {
    channel: ConsumeChannel,
    handler: Arc<ReplyHandler>,
}

impl Reader {
    async fn run(mut self) {
        let mut closing = self.closing.clone();
        tokio::select! {
            () = self.read() => {}
            _ = closing.wait_for(|closing| *closing) => {}
        }
        if self.queue.private
            && self.name.get().is_some()
            && let Some(connection) = self.connections.current()
            && let Err(fault) = Declarer::new(connection)
                .delete_queue(&self.queue.name)
                .await
        {
            tracing::debug!(queue = %self.queue.name, why = %fault.why(),
                "the reply queue was not deleted");
        }
    }

    async fn read(&mut self) {
        while let Some(connection) = self.connections.next().await {
            let since = Instant::now();
            self.nudged.begin_attempt();
            self.reading.send_modify(|reading| {
                reading.attempts += 1;
                reading.state = State::NotYet;
            });
            let fault = match self.consume(&connection).await {
                Ok(consuming) => {
                    self.name.get_or_init(|| self.queue.name.clone());
                    self.set(State::Consuming);
                    if self.reported.take().is_some() {
                        tracing::info!(queue = %self.queue.name, "replies are read again");
                    }
                    let fault = tokio::select! {
                        fault = consuming.channel.ended() => fault,
                        never = consuming.handler.acknowledge_in_time() => match never {},
                    };
                    // The supervisor logs the end of a connection.
                    if connection.is_up() {
                        tracing::warn!(queue = %self.queue.name, why = %fault.why(),
                            "the reply consumer has ended: declaring and consuming anew");
                    }
                    fault
                }
                Err(fault) => {
                    self.report(&fault);
                    fault
                }
            };
            let pause = if fault.is_refused() {
                self.pace.after_refusal(since.elapsed())
            } else {
                self.pace.after(since.elapsed())
            };
            // Callers learn why the queue cannot be consumed, also if that was the reason why the broker closed the
            // connection.
            if connection.is_up() || fault.is_refused() {
                self.set(State::Failed(fault.why().clone()));
            } else {
                self.set(State::NotYet);
            }
            // If the connection has ended, its supervisor backs off.
            if connection.is_up() {
                self.nudged.pause(pause).await;
            }
        }
    }

    fn set(&self, state: State) {
        self.reading.send_modify(|reading| reading.state = state);
    }

    /// Logs why the queue cannot be consumed: a warning for each new reason.
    fn report(&mut self, fault: &Fault) {
        let (queue, why) = (&self.queue.name, fault.why());
        if self.reported.as_ref() == Some(why) {
            tracing::debug!(%queue, %why, "still cannot read replies");
        } else {
            tracing::warn!(%queue, %why, "cannot read replies");
            self.reported = Some(why.clone());
        }
    }

    /// Declares and consumes the queue. Replies go to their calls until the channel is dropped.
    async fn consume(&mut self, connection: &Arc<Connection>) -> Result<Consuming, Fault> {
        if self.queue.name.as_str().is_empty() {
            name_anew(&self.topology, &mut self.queue).await?;
        }
        let declarer = Declarer::new(connection.clone());
        if self.has_consumed {
            declarer.declare_queue(&self.queue).await?;
        } else {
            declare_unused(&self.topology, &declarer, &mut self.queue).await?;
        }
        let channel = connection.consume_channel()?;
        let handler = Arc::new(ReplyHandler {
            table: self.table.clone(),
            compression_thread: self.compression_thread.clone(),
            size_limit: self.size_limit.clone(),
            acknowledger: channel.acknowledger(),
            state: Mutex::default(),
        });
        channel.handle_with(handler.clone());
        // Both are written at once, in this order. The answer to the first is not awaited before the second.
        tokio::try_join!(
            biased;
            channel.qos(PREFETCH),
            channel.consume(&self.queue.name, Name::default(), FieldTable::default()),
        )?;
        // The name is checked once. Later, the queue's consumers may include this process's own of an earlier
        // connection.
        if !self.has_consumed {
            if !is_consumed_alone(&self.topology, &declarer, &mut self.queue).await? {
                return Err(Fault::lost("another process consumes the reply queue"));
            }
            self.has_consumed = true;
        }
        Ok(Consuming { channel, handler })
    }
}

/// Passes replies to their calls, and acknowledges them.
struct ReplyHandler {
    table: ReplyTable,
    compression_thread: Arc<CompressionThread>,
    size_limit: Arc<AtomicUsize>,
    acknowledger: Acknowledger,
    state: Mutex<Arrived>,
}

/// The replies that have arrived on one channel.
#[derive(Debug, Default)]
struct Arrived {
    /// The last delivery tag.
    last: u64,
    /// The last delivery tag that was acknowledged.
    acknowledged: u64,
    /// The bytes of the replies that are not acknowledged.
    bytes: usize,
}

impl ReplyHandler {
    /// Acknowledges all replies that have arrived, if there are any and `enough` returns true.
    fn acknowledge(&self, enough: impl FnOnce(&Arrived) -> bool) {
        let mut state = self.state.lock();
        if state.last == state.acknowledged || !enough(&state) {
            return;
        }
        state.acknowledged = state.last;
        state.bytes = 0;
        if let Err(fault) = self.acknowledger.acknowledge(state.last) {
            // Harmless: the broker redelivers the replies, and no call waits for them.
            tracing::debug!(why = %fault.why(), "replies were not acknowledged");
        }
    }

    /// Acknowledges replies at intervals, for those that no others follow. Never returns.
    async fn acknowledge_in_time(&self) -> Infallible {
        loop {
            sleep(ACKNOWLEDGE_INTERVAL).await;
            self.acknowledge(|_| true);
        }
    }
}

impl DeliveryHandler for ReplyHandler {
    fn size_limit(&self) -> usize {
        self.size_limit.load(Ordering::Relaxed)
    }

    fn delivered(&self, delivered: Delivered) {
        {
            let mut state = self.state.lock();
            state.last = delivered.tag;
            state.bytes += delivered.body.size();
        }
        let (body, format) = (delivered.body, delivered.properties.format);
        if format == BodyFormat::Plain {
            return complete(&self.table, body);
        }
        let (table, limit) = (self.table.clone(), self.size_limit());
        self.compression_thread
            .run(body.size(), move || match body.inflated(format, limit) {
                Ok(body) => complete(&table, body),
                Err(damaged) => fail(&table, &damaged),
            });
    }

    fn idle(&self) {
        self.acknowledge(|arrived| {
            arrived.last - arrived.acknowledged >= ACKNOWLEDGE_COUNT
                || arrived.bytes >= ACKNOWLEDGE_BYTES
        });
    }
}

/// Passes a reply to its call.
fn complete(table: &ReplyTable, body: Body) {
    let reply = match body {
        Body::Whole(body) => Reply::take(body),
        Body::End { end, size } => Reply::too_large(&end, size),
    };
    match reply {
        Ok(reply) => table.complete(reply),
        Err(error) => {
            metrics::replies_dropped(1, Lost::Unreadable);
            tracing::warn!(%error, "dropped a reply that cannot be read");
        }
    }
}

/// Fails the call of a reply that cannot be inflated, if the readable part of the reply names the call.
fn fail(table: &ReplyTable, damaged: &Damaged) {
    metrics::replies_dropped(1, Lost::Unreadable);
    let reply = Reply::too_large(&damaged.read, damaged.read.len());
    let message_id = reply.ok().map(|reply| reply.message_id());
    tracing::warn!(
        message_id = message_id.map(display), error = %damaged,
        "dropped a reply that cannot be read"
    );
    if let Some(message_id) = message_id {
        table.fail(message_id, Error::new_deserialize("the reply", damaged));
    }
}
