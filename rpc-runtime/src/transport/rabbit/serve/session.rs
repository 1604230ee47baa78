//! One channel with its consumers: the requests that arrive through them, and how they are taken.
//!
//! The session takes a request when there is a permit to run it: it acknowledges the request, and hands it over once
//! the broker is known to have the acknowledgement. AMQP does not answer an acknowledgement, and one that is lost means
//! that another server gets the request; so each acknowledgement asks for a
//! [receipt](Acknowledger::acknowledge_with_receipt). One receipt does for all requests taken before it. Requests that
//! arrive meanwhile are taken when it has come. All this happens in the call that brings the news, most often on the
//! thread that reads the socket.
//!
//! The consumers of quorum queues follow the number of free permits ([`quorum_consumers`](super::quorum_consumers)).
//!
//! Nothing is taken before all consumers stand. What is not taken when the session ends goes back to the broker.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendError;
use tokio::time::{Instant, sleep, timeout};
use tracing::Level;

use super::super::amqp::{Acknowledger, Body, ConsumeChannel, Consumer, Fault};
use super::super::compression::{BodyFormat, Damaged};
use super::super::shared::Shared;
use super::permits::{Permit, Permits, TakeRequests};
use super::quorum_consumers::{Change, QuorumConsumers};
use super::responder::RabbitResponder;
use super::stream_place::StreamPlace;
use crate::RemoteError;
use crate::metrics::Waiting;
use crate::sync::Mutex;
use crate::transport::{Arrival, Incoming, Responder};
use crate::wire::{Named, failure, reply_address_at_end};

/// How long the orderly end of a session may take.
const END_DEADLINE: Duration = Duration::from_secs(5);
/// What is the same for all sessions of a listener.
#[derive(Debug)]
pub(super) struct ListenerShared {
    /// The server's.
    pub(super) topic: String,
    pub(super) shared: Arc<Shared>,
    pub(super) permits: Arc<Permits>,
    pub(super) arrivals: mpsc::UnboundedSender<Arrival>,
    /// In bytes.
    pub(super) max_request_size: usize,
    /// Where to read on in a stream; there is one at most.
    pub(super) stream_place: Mutex<StreamPlace>,
}

impl ListenerShared {
    fn hand_over(&self, arrival: Arrival) {
        if let Err(SendError(Arrival::Request(incoming))) = self.arrivals.send(arrival) {
            let named = Named::in_body(&incoming.body);
            tracing::warn!(
                method = named.method(),
                request_id = named.request_id(),
                message_id = named.message_id(),
                unique_id = named.unique_id(),
                "a request was taken and is not run: its server is gone"
            );
        }
    }

    /// Drops a request that cannot be inflated. Its caller gets a failure, if enough can be read to know the caller.
    fn refuse(&self, responder: Arc<RabbitResponder>, damaged: &Damaged) {
        tracing::warn!(error = %damaged, "a malformed request was dropped");
        let Some(to) = reply_address_at_end(&damaged.read) else {
            return;
        };
        let error = RemoteError::value_error(format!("malformed request: {damaged}"));
        let replied = self.shared.engine.spawn(async move {
            if let Err(error) = responder.reply(&to, failure(&to, &error)).await {
                tracing::warn!(%error, "a reply was not sent");
            }
        });
        if let Err(error) = replied {
            tracing::warn!(%error, "a reply was not sent");
        }
    }
}

/// A server's channel, until it ends.
#[derive(Debug)]
pub(super) struct Session {
    listener: Arc<ListenerShared>,
    acknowledger: Acknowledger,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The requests that were not taken, in the order of their tags.
    waiting: VecDeque<ArrivedRequest>,
    /// What was taken and not handed over, while a receipt is due.
    batch: Option<Batch>,
    consumers: QuorumConsumers,
    phase: Phase,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Opening,
    Open,
    Ended,
}

/// A request that has not been taken.
#[derive(Debug)]
pub(super) struct ArrivedRequest {
    pub(super) tag: u64,
    pub(super) body: Body,
    pub(super) format: BodyFormat,
    /// When it is of no use any more: the broker lets nothing expire that it has delivered.
    pub(super) expires: Option<Instant>,
    /// Its place in a stream.
    pub(super) offset: Option<i64>,
    /// Since when it waits for a permit.
    pub(super) waiting: Waiting,
}

/// The requests that were acknowledged together.
#[derive(Debug)]
struct Batch {
    /// When the receipt was asked for.
    asked: Instant,
    requests: Vec<Taken>,
}

#[derive(Debug)]
struct Taken {
    body: Body,
    format: BodyFormat,
    permit: Permit,
}

impl State {
    /// Takes the requests for which there are permits. Expired requests are acknowledged and dropped.
    fn take(&mut self, listener: &ListenerShared) -> Taking {
        let now = Instant::now();
        let mut taking = Taking::default();
        while let Some(next) = self.waiting.front() {
            if next.expires.is_none_or(|expires| now < expires) {
                let Some(permit) = listener.permits.try_take() else {
                    break;
                };
                next.waiting.permitted(&listener.topic);
                taking.requests.push(Taken {
                    body: next.body.clone(),
                    format: next.format,
                    permit,
                });
            } else {
                report_expired(&next.body);
            }
            taking.last = Some(next.tag);
            taking.offset = next.offset.or(taking.offset);
            self.waiting.pop_front();
        }
        taking
    }
}

/// What is taken at once.
#[derive(Debug, Default)]
struct Taking {
    requests: Vec<Taken>,
    /// The last tag.
    last: Option<u64>,
    /// The offset of the last one of a stream.
    offset: Option<i64>,
}

fn report_expired(body: &Body) {
    // The message is read for it.
    if let Body::Whole(body) = body
        && tracing::enabled!(Level::DEBUG)
    {
        let named = Named::in_body(body);
        tracing::debug!(
            method = named.method(),
            request_id = named.request_id(),
            message_id = named.message_id(),
            unique_id = named.unique_id(),
            "a request expired while it waited for its turn"
        );
    }
}

impl Session {
    /// A session that is not open; `consumers` are those of quorum queues, of which none stands.
    pub(super) fn new(
        listener: Arc<ListenerShared>,
        acknowledger: Acknowledger,
        consumers: QuorumConsumers,
    ) -> Self {
        let state = State {
            consumers,
            ..State::default()
        };
        Self {
            listener,
            acknowledger,
            state: Mutex::new(state),
        }
    }

    /// The consumers of quorum queues that are to be started before the session is open.
    pub(super) fn first_consumers(&self) -> Vec<Consumer> {
        let free = self.listener.permits.free();
        match self.state.lock().consumers.fit(free) {
            Some(Change::Start(consumers)) => consumers,
            Some(Change::Cancel(_)) | None => Vec::new(),
        }
    }

    /// Its consumers stand: it may begin to take requests.
    pub(super) fn open(self: &Arc<Self>) {
        let taker = Arc::downgrade(self);
        self.listener.permits.serve(taker);
        {
            let mut state = self.state.lock();
            if state.phase == Phase::Opening {
                state.phase = Phase::Open;
            }
        }
        self.take();
    }

    /// A request has come, and is to be [taken](Self::take).
    pub(super) fn arrived(&self, request: ArrivedRequest) {
        let mut state = self.state.lock();
        if state.phase != Phase::Ended {
            state.waiting.push_back(request);
        }
    }

    /// Takes as many requests as may run, and lets the consumers of quorum queues follow, unless it must wait for a receipt
    /// first, or for the answer to the start or the cancellation of a consumer: RabbitMQ 3 closes the connection over a
    /// consumer that is cancelled before its start was answered.
    pub(super) fn take(&self) {
        let mut state = self.state.lock();
        if state.phase != Phase::Open || state.batch.is_some() || self.acknowledger.awaits_replies()
        {
            return;
        }
        let Taking {
            requests,
            last,
            offset,
        } = state.take(&self.listener);
        let written = match state.consumers.fit(self.listener.permits.free()) {
            // In front of the acknowledgement, which would draw more requests.
            Some(Change::Cancel(consumers)) => self
                .acknowledger
                .cancel_and_acknowledge(&consumers, last)
                .map(|()| true),
            change => {
                let started = match change {
                    Some(Change::Start(consumers)) => self.acknowledger.start_consumers(&consumers),
                    _ => Ok(()),
                };
                started.and_then(|()| match last {
                    Some(last) => self
                        .acknowledger
                        .acknowledge_with_receipt(last)
                        .map(|()| true),
                    None => Ok(false),
                })
            }
        };
        match written {
            Ok(is_receipt_due) => {
                if is_receipt_due {
                    let asked = Instant::now();
                    state.batch = Some(Batch { asked, requests });
                }
                if let Some(offset) = offset {
                    self.listener.stream_place.lock().taken(offset);
                }
            }
            // Nothing was written: the channel has ended.
            Err(fault) => {
                drop(state);
                self.finish(fault.why());
                gone_back(requests.len(), fault.why());
            }
        }
    }

    /// The broker has the acknowledgements: what was taken is the server's.
    pub(super) fn receipt(&self) {
        let batch = self.state.lock().batch.take();
        for taken in batch.map(|batch| batch.requests).unwrap_or_default() {
            self.with_inflated(taken, |listener, body, permit| {
                let responder = RabbitResponder::new(listener.shared.clone(), permit);
                let responder = Arc::new(responder);
                match body {
                    Ok(Body::Whole(body)) => {
                        listener.hand_over(Arrival::Request(Incoming::new(body, responder)));
                    }
                    Ok(Body::End { end, size }) => {
                        let incoming = Incoming::too_large(end, size, responder);
                        listener.hand_over(Arrival::Request(incoming));
                    }
                    Err(damaged) => listener.refuse(responder, &damaged),
                }
            });
        }
    }

    /// The largest request that is read, in bytes.
    pub(super) fn size_limit(&self) -> usize {
        self.listener.max_request_size
    }

    /// Calls `then` with a body as its sender had it: at once, unless it is compressed.
    fn with_inflated(
        &self,
        Taken {
            body,
            format,
            permit,
        }: Taken,
        then: impl FnOnce(&ListenerShared, Result<Body, Damaged>, Permit) + Send + 'static,
    ) {
        if format == BodyFormat::Plain {
            return then(&self.listener, Ok(body), permit);
        }
        let (listener, limit) = (self.listener.clone(), self.size_limit());
        let thread = &self.listener.shared.compression_thread;
        thread.run(body.size(), move || {
            then(&listener, body.inflated(format, limit), permit);
        });
    }

    /// Waits until a receipt has been due for as long as `limit`.
    pub(super) async fn overdue(&self, limit: Duration) {
        loop {
            sleep(limit / 4).await;
            let asked = self.state.lock().batch.as_ref().map(|batch| batch.asked);
            if asked.is_some_and(|asked| asked.elapsed() >= limit) {
                return;
            }
        }
    }

    /// Takes nothing more: what was not taken goes back to its queue. Gives how many requests that are.
    fn finish(&self, why: &Arc<str>) -> usize {
        let mut state = self.state.lock();
        state.phase = Phase::Ended;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        gone_back(waiting.len(), why);
        waiting.len()
    }

    /// The channel has ended: no receipt comes any more.
    pub(super) fn ended(&self, fault: &Fault) {
        let why = fault.why();
        self.finish(why);
        let batch = self.state.lock().batch.take();
        for taken in batch.map(|batch| batch.requests).unwrap_or_default() {
            let why = why.clone();
            self.with_inflated(taken, |listener, body, _| {
                // Its log line says as much as can be read.
                let body = match body {
                    Ok(Body::Whole(body) | Body::End { end: body, .. }) => body,
                    Err(damaged) => damaged.read,
                };
                listener.hand_over(Arrival::InDoubt { body, why });
            });
        }
    }

    /// Ends the session, and closes its channel: receipts that are due come before that. Gives how many requests went
    /// back to their queues.
    pub(super) async fn close(&self, channel: &ConsumeChannel) -> usize {
        let ended = Fault::lost("the session has ended");
        let given_back = self.finish(ended.why());
        if timeout(END_DEADLINE, channel.close()).await.is_err() {
            tracing::debug!("the broker does not answer the close of a channel");
        }
        self.ended(&ended);
        given_back
    }
}

impl TakeRequests for Session {
    fn take(&self) {
        Self::take(self);
    }
}

fn gone_back(requests: usize, why: &Arc<str>) {
    if requests > 0 {
        tracing::debug!(requests, %why, "requests went back to the broker");
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::amqp::AcknowledgerBench;
    use bytes::Bytes;

    use super::super::super::driver::RabbitDriver;
    use super::*;

    const NOTHING: [u64; 0] = [];

    struct Bench {
        session: Arc<Session>,
        permits: Arc<Permits>,
        channel: AcknowledgerBench,
        arrivals: mpsc::UnboundedReceiver<Arrival>,
    }

    impl Bench {
        /// A session that is not open.
        fn new(concurrency: usize) -> Self {
            Self::with_consumers(concurrency, QuorumConsumers::default())
        }

        fn with_consumers(concurrency: usize, consumers: QuorumConsumers) -> Self {
            let driver = RabbitDriver::new(&"rabbit://".parse().unwrap(), None).unwrap();
            let (sender, arrivals) = mpsc::unbounded_channel();
            let permits = Permits::new(concurrency);
            let listener = Arc::new(ListenerShared {
                topic: "topic".to_owned(),
                shared: driver.shared.clone(),
                permits: permits.clone(),
                arrivals: sender,
                max_request_size: 4096,
                stream_place: Mutex::default(),
            });
            let channel = AcknowledgerBench::new();
            let session = Session::new(listener, channel.acknowledger(), consumers);
            let session = Arc::new(session);
            Self {
                session,
                permits,
                channel,
                arrivals,
            }
        }

        fn listening(concurrency: usize) -> Self {
            let bench = Self::new(concurrency);
            bench.session.open();
            bench.permits.listen();
            bench
        }

        /// Requests come with these tags.
        fn arrive(&self, tags: std::ops::RangeInclusive<u64>) {
            for tag in tags {
                self.session.arrived(ArrivedRequest {
                    tag,
                    body: Body::Whole(Bytes::from(tag.to_string())),
                    format: BodyFormat::Plain,
                    expires: None,
                    offset: None,
                    waiting: Waiting::begin(),
                });
            }
            self.session.take();
        }

        /// The tags up to which requests were taken since the last call.
        fn taken(&self) -> Vec<u64> {
            self.channel.acknowledged()
        }

        /// What has been handed over; in doubt with a question mark.
        fn arrived(&mut self) -> (Vec<String>, Vec<Incoming>) {
            let (mut names, mut requests) = (Vec::new(), Vec::new());
            while let Ok(arrival) = self.arrivals.try_recv() {
                let text = |body: &Bytes| String::from_utf8(body.to_vec()).unwrap();
                match arrival {
                    Arrival::Request(incoming) => {
                        names.push(text(&incoming.body));
                        requests.push(incoming);
                    }
                    Arrival::InDoubt { body, .. } => names.push(text(&body) + "?"),
                }
            }
            (names, requests)
        }
    }

    #[test]
    fn as_many_are_taken_as_may_run_and_handed_over_with_the_receipt() {
        let mut bench = Bench::listening(2);
        bench.arrive(1..=1);
        assert_eq!(bench.taken(), [1]);
        bench.arrive(2..=4);
        assert_eq!(bench.taken(), NOTHING, "the receipt is due");
        assert!(bench.arrived().0.is_empty());
        bench.session.receipt();
        let (names, mut first) = bench.arrived();
        assert_eq!(names, ["1"]);
        bench.session.take();
        assert_eq!(bench.taken(), [2], "one permit is left");
        bench.session.receipt();
        let (names, _second) = bench.arrived();
        assert_eq!(names, ["2"]);
        assert_eq!(bench.taken(), NOTHING);
        // A permit comes back.
        first.clear();
        assert_eq!(bench.taken(), [3]);
    }

    #[test]
    fn nothing_is_taken_before_all_stands_or_for_nobody() {
        let bench = Bench::new(1);
        bench.permits.listen();
        bench.arrive(1..=1);
        assert_eq!(bench.taken(), NOTHING, "not open");
        bench.session.open();
        assert_eq!(bench.taken(), [1]);

        let bench = Bench::new(1);
        bench.session.open();
        bench.arrive(1..=1);
        assert_eq!(bench.taken(), NOTHING, "nobody listens");
        bench.permits.listen();
        assert_eq!(bench.taken(), [1]);

        let mut bench = Bench::listening(1);
        bench.arrive(1..=2);
        bench.session.receipt();
        bench.permits.close();
        drop(bench.arrived());
        assert_eq!(bench.taken(), [1], "and none in place of the first");
    }

    #[test]
    fn an_end_leaves_in_doubt_what_has_no_receipt_and_gives_back_the_rest() {
        let mut bench = Bench::listening(1);
        bench.arrive(1..=3);
        bench.session.ended(&Fault::lost("cut"));
        assert_eq!(bench.arrived().0, ["1?"]);
        bench.session.receipt();
        bench.arrive(4..=4);
        assert!(bench.arrived().0.is_empty());
        assert_eq!(bench.taken(), [1]);
        assert!(bench.permits.try_take().is_some(), "a permit was kept");
    }

    #[test]
    fn what_was_not_taken_is_counted_at_the_end() {
        let bench = Bench::listening(1);
        bench.arrive(1..=3);
        assert_eq!(bench.session.finish(&"stopped".into()), 2);
        assert_eq!(bench.session.finish(&"stopped".into()), 0);
    }

    #[test]
    fn what_cannot_be_acknowledged_has_not_been_taken() {
        let mut bench = Bench::listening(2);
        bench.channel.cut();
        bench.arrive(1..=4);
        bench.session.ended(&Fault::lost("cut"));
        assert!(bench.arrived().0.is_empty());
        let permits = [bench.permits.try_take(), bench.permits.try_take()];
        assert!(permits.iter().all(Option::is_some), "a permit was kept");
    }

    #[test]
    fn a_consumer_is_cancelled_once_its_start_was_answered() {
        let consumers = QuorumConsumers::of_quorum_queues(["topic", "server", "fanout"], 64);
        let bench = Bench::with_consumers(8, consumers);
        assert_eq!(bench.session.first_consumers().len(), 3);
        bench.session.open();
        bench.permits.listen();
        assert_eq!(bench.channel.written(), [""; 0]);
        bench.arrive(1..=6);
        assert_eq!(
            bench.channel.written(),
            ["cancel", "cancel", "cancel", "ack", "flow"]
        );
        bench.session.receipt();
        bench.session.take();
        assert_eq!(bench.channel.written(), [""; 0], "not answered");
        bench.channel.reply();
        bench.session.take();
        let started = ["qos", "consume"].repeat(3);
        assert_eq!(bench.channel.written(), started);
        bench.arrive(7..=8);
        assert_eq!(bench.channel.written(), [""; 0], "not answered");
        bench.channel.reply();
        bench.session.take();
        assert_eq!(
            bench.channel.written(),
            ["cancel", "cancel", "cancel", "ack", "flow"]
        );
    }

    #[tokio::test]
    async fn all_is_settled_when_each_permit_is_back() {
        let mut bench = Bench::listening(2);
        bench.arrive(1..=1);
        bench.session.receipt();
        let (_, requests) = bench.arrived();
        bench.permits.close();
        let mut settled = std::pin::pin!(bench.permits.all_back());
        let early = std::future::poll_fn(|cx| std::task::Poll::Ready(settled.as_mut().poll(cx)));
        assert!(early.await.is_pending());
        drop(requests);
        settled.await;
    }

    #[test]
    fn what_has_expired_takes_no_permit() {
        let mut bench = Bench::listening(1);
        bench.session.arrived(ArrivedRequest {
            tag: 1,
            body: Body::Whole(Bytes::new()),
            format: BodyFormat::Plain,
            expires: Some(Instant::now()),
            offset: Some(7),
            waiting: Waiting::begin(),
        });
        bench.arrive(2..=2);
        assert_eq!(bench.taken(), [2]);
        bench.session.receipt();
        assert_eq!(bench.arrived().0, ["2"]);
        let place = *bench.session.listener.stream_place.lock();
        assert_eq!(place, StreamPlace::Offset(8));
    }
}
