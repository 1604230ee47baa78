//! One channel with its consumers: the requests that arrive on it, and how they are taken.
//!
//! The session takes a request when there is a permit to run it: it acknowledges the request, and passes it on once
//! the broker is known to have the acknowledgement. AMQP does not confirm an acknowledgement, and if one is lost,
//! another server gets the request. So each acknowledgement asks for a
//! [receipt](Acknowledger::acknowledge_with_receipt), which covers all requests taken before it. One receipt is due
//! at a time: requests that arrive meanwhile are taken once it has come.
//!
//! The session must never block: it runs on the thread that reads the socket, and on each thread that drops a permit.
//! It must take nothing before all consumers have started. Requests that are not taken when the session ends go back to
//! the broker. The consumers of quorum queues follow the number of free permits
//! ([`quorum_consumers`](super::quorum_consumers)).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tracing::Level;

use super::super::amqp::{Acknowledger, Body, ConsumeChannel, Consumer, Fault};
use super::super::compression::BodyFormat;
use super::arrival_sender::{ArrivalSender, TakenRequest};
use super::permits::{Permits, TakeRequests};
use super::quorum_consumers::{Change, QuorumConsumers};
use super::stream_place::StreamPlace;
use crate::metrics::{self, Dropped, Waiting};
use crate::sync::Mutex;
use crate::wire::Named;

/// How long the broker may take to close a session's channel.
const END_DEADLINE: Duration = Duration::from_secs(5);

/// The state that all sessions of a listener share.
#[derive(Debug)]
pub(super) struct ListenerShared {
    /// The server's topic.
    pub(super) topic: String,
    pub(super) permits: Arc<Permits>,
    pub(super) arrivals: Arc<ArrivalSender>,
    /// Where to continue in the stream for fanouts, if that queue is a stream.
    pub(super) stream_place: Mutex<StreamPlace>,
}

/// The requests of one channel of a server, until the channel ends.
#[derive(Debug)]
pub(super) struct Session {
    listener: Arc<ListenerShared>,
    acknowledger: Acknowledger,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The requests that are not taken yet, in the order of their tags.
    waiting: VecDeque<ArrivedRequest>,
    /// The requests that were taken and not passed on, while their receipt is due.
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

/// A request that is not taken yet.
#[derive(Debug)]
pub(super) struct ArrivedRequest {
    pub(super) tag: u64,
    pub(super) body: Body,
    pub(super) format: BodyFormat,
    /// When the request expires. It is checked here, since the broker expires no message that it has delivered.
    pub(super) expires: Option<Instant>,
    /// The request's offset in a stream.
    pub(super) offset: Option<i64>,
    /// Measures how long the request waits for a permit.
    pub(super) waiting: Waiting,
}

/// The requests that one acknowledgement covers.
#[derive(Debug)]
struct Batch {
    /// When the receipt was requested.
    asked: Instant,
    requests: Vec<TakenRequest>,
}

impl State {
    /// Takes as many requests as there are permits for. Expired requests need none: they are acknowledged and dropped.
    fn take(&mut self, listener: &ListenerShared) -> Taking {
        let now = Instant::now();
        let mut taking = Taking::default();
        while let Some(next) = self.waiting.front() {
            if next.expires.is_none_or(|expires| now < expires) {
                let Some(permit) = listener.permits.try_take() else {
                    break;
                };
                next.waiting.permitted(&listener.topic);
                taking.requests.push(TakenRequest {
                    body: next.body.clone(),
                    format: next.format,
                    permit,
                });
            } else {
                metrics::request_dropped(&listener.topic, Dropped::Expired);
                report_expired(&next.body, next.format);
            }
            taking.last = Some(next.tag);
            taking.offset = next.offset.or(taking.offset);
            self.waiting.pop_front();
        }
        taking
    }
}

/// The requests that are taken together.
#[derive(Debug, Default)]
struct Taking {
    requests: Vec<TakenRequest>,
    /// The delivery tag of the last request.
    last: Option<u64>,
    /// The offset of the last request from a stream.
    offset: Option<i64>,
}

fn report_expired(body: &Body, format: BodyFormat) {
    // Reading the names takes time, so they are read only for an enabled event. A compressed body is not read: inflating
    // it would hold up the connection.
    if tracing::enabled!(Level::DEBUG) {
        let named = match (body, format) {
            (Body::Whole(body), BodyFormat::Plain) => Named::in_body(body),
            _ => Named::default(),
        };
        tracing::debug!(
            method = named.method(),
            request_id = named.request_id(),
            message_id = named.message_id(),
            unique_id = named.unique_id(),
            "dropped a request that expired while it waited for a permit"
        );
    }
}

impl Session {
    /// A session that is not open. `consumers` are those of its quorum queues; none has started.
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

    /// The consumers of quorum queues to start before the session is opened.
    pub(super) fn first_consumers(&self) -> Vec<Consumer> {
        let free = self.listener.permits.free();
        match self.state.lock().consumers.fit(free) {
            Some(Change::Start(consumers)) => consumers,
            Some(Change::Cancel(_)) | None => Vec::new(),
        }
    }

    /// Starts to take requests. Call it once all consumers have started.
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

    /// Adds a request that has arrived. Call [`take`](Self::take) after the last one.
    pub(super) fn arrived(&self, request: ArrivedRequest) {
        let mut state = self.state.lock();
        if state.phase != Phase::Ended {
            state.waiting.push_back(request);
        }
    }

    /// Takes as many requests as may run, and adapts the consumers of quorum queues.
    ///
    /// It does nothing while a receipt is due, or while the start or the cancellation of a consumer is not answered:
    /// RabbitMQ 3 closes the connection if a consumer is cancelled before its start was answered.
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
            // Cancelled before the acknowledgement, which would make the broker deliver more requests.
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
            // The channel has ended, and nothing was written.
            Err(fault) => {
                drop(state);
                self.finish(fault.why());
                report_gone_back(requests.len(), fault.why());
            }
        }
    }

    /// Keeps the quorum queues from expiring while no permit is free. Call it several times within their expiry.
    pub(super) fn renew(&self) {
        let mut state = self.state.lock();
        if state.phase != Phase::Open || self.acknowledger.awaits_replies() {
            return;
        }
        if let Some(consumers) = state.consumers.renew() {
            // Fails only if the channel has ended, and the session with it.
            let _ = self.acknowledger.start_consumers(&consumers);
        }
    }

    /// Handles a receipt: the broker has the acknowledgements, so the requests that were taken are passed on.
    pub(super) fn receipt(&self) {
        let batch = self.state.lock().batch.take();
        for request in batch.map(|batch| batch.requests).unwrap_or_default() {
            self.listener.arrivals.send(request);
        }
    }

    /// The size of the largest request that is read, in bytes.
    pub(super) fn size_limit(&self) -> usize {
        self.listener.arrivals.size_limit()
    }

    /// Waits until a receipt has been due for `limit`. If the process was suspended meanwhile, the receipt may have
    /// arrived and not been read, so the wait goes on.
    pub(super) async fn overdue(&self, limit: Duration) {
        let tick = limit / 4;
        loop {
            let since = Instant::now();
            sleep(tick).await;
            let asked = self.state.lock().batch.as_ref().map(|batch| batch.asked);
            let is_due = asked.is_some_and(|asked| asked.elapsed() >= limit);
            if is_due && since.elapsed() < tick * 2 {
                return;
            }
        }
    }

    /// Stops taking requests. Those that were not taken go back to their queues. Returns their number.
    fn finish(&self, why: &Arc<str>) -> usize {
        let mut state = self.state.lock();
        state.phase = Phase::Ended;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        report_gone_back(waiting.len(), why);
        waiting.len()
    }

    /// Handles the end of the channel: no receipt comes any more, so the requests that wait for one are in doubt.
    pub(super) fn ended(&self, fault: &Fault) {
        let why = fault.why();
        self.finish(why);
        let batch = self.state.lock().batch.take();
        for request in batch.map(|batch| batch.requests).unwrap_or_default() {
            self.listener.arrivals.send_in_doubt(request, why.clone());
        }
    }

    /// Ends the session and closes its channel. A receipt that is due arrives before the broker answers the close.
    /// Returns how many requests went back to their queues.
    pub(super) async fn close(&self, channel: &ConsumeChannel) -> usize {
        let ended = Fault::lost("the session has ended");
        let given_back = self.finish(ended.why());
        if timeout(END_DEADLINE, channel.close()).await.is_err() {
            tracing::debug!("the broker did not answer the close of a channel in time");
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

fn report_gone_back(requests: usize, why: &Arc<str>) {
    if requests > 0 {
        tracing::debug!(requests, %why, "requests went back to the broker");
    }
}

#[cfg(test)]
mod tests;
