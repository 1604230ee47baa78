//! One channel with its consumers: the requests that came in through them, and how they are taken.
//!
//! A request is taken when there is a permit to run it: it is acknowledged, and handed over once it is certain
//! that the broker knows. AMQP does not answer an acknowledgement, and one that is cut on its way means that
//! another server gets the request. So a question follows that the broker does answer, in its order: then
//! the acknowledgement has arrived, and what is redelivered to anyone has certainly not begun here. One question
//! does for all requests that were taken before it; those that come meanwhile are taken as soon as there is an
//! answer. All this is done by whoever brings the news, most often the [pump](super::pump).
//!
//! Nothing is taken before all consumers stand: what an end finds untaken goes back to the broker.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use lapin::Channel;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendError;
use tokio::time::{Instant, sleep, timeout};

use super::delivery::RabbitDelivery;
use super::fault::Fault;
use super::frames;
use super::link::Link;
use super::permits::{Permit, Permits};
use super::port::Port;
use super::shared::Shared;
use crate::mutex::lock;
use crate::transport::{Arrival, Incoming};

/// How long the orderly end of a session may take.
const END_DEADLINE: Duration = Duration::from_secs(5);

/// What is the same for all sessions of a listener.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) shared: Arc<Shared>,
    pub(super) permits: Arc<Permits>,
    pub(super) arrivals: mpsc::UnboundedSender<Arrival>,
    /// Where to read on in a stream; there is one at most.
    pub(super) next_offset: Mutex<Option<i64>>,
}

/// A server's channel, until it ends.
#[derive(Debug)]
pub(super) struct Session {
    intake: Arc<Intake>,
    channel: u16,
    port: Arc<Port>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What has not been taken, in the order of its tags.
    waiting: VecDeque<Waiting>,
    /// What was taken with a question that has no answer so far.
    taken: Vec<Taken>,
    /// Since when an answer is due.
    since: Option<Instant>,
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
pub(super) struct Waiting {
    pub(super) tag: u64,
    pub(super) body: Bytes,
    /// When it is of no use any more: the broker lets nothing expire that it has delivered.
    pub(super) expires: Option<Instant>,
    /// Its place in a stream.
    pub(super) offset: Option<i64>,
}

#[derive(Debug)]
struct Taken {
    body: Bytes,
    permit: Permit,
}

impl State {
    /// Takes the requests for which there are permits; gives the tag of the last one. What has expired goes the
    /// same way, and no further.
    fn take(&mut self, intake: &Intake) -> Option<u64> {
        let now = Instant::now();
        let mut last = None;
        while let Some(next) = self.waiting.front() {
            if next.expires.is_none_or(|expires| now < expires) {
                let Some(permit) = intake.permits.try_take() else {
                    break;
                };
                let body = next.body.clone();
                self.taken.push(Taken { body, permit });
            } else {
                tracing::debug!("a request expired while it waited for its turn");
            }
            last = Some(next.tag);
            if let Some(offset) = next.offset {
                *lock(&intake.next_offset) = offset.checked_add(1);
            }
            self.waiting.pop_front();
        }
        last
    }
}

impl Session {
    pub(super) fn new(intake: Arc<Intake>, port: Arc<Port>, channel: u16) -> Self {
        Self {
            intake,
            channel,
            port,
            state: Mutex::default(),
        }
    }

    /// Its consumers stand: it may begin to take requests.
    pub(super) fn open(self: &Arc<Self>) {
        self.intake.permits.serve(self);
        {
            let mut state = self.lock();
            if state.phase == Phase::Opening {
                state.phase = Phase::Open;
            }
        }
        self.take();
    }

    /// A request has come, and is to be [taken](Self::take).
    pub(super) fn arrived(&self, request: Waiting) {
        let mut state = self.lock();
        if state.phase != Phase::Ended {
            state.waiting.push_back(request);
        }
    }

    /// Takes as many requests as may run, unless a question is under way: then its answer comes first.
    pub(super) fn take(&self) {
        let mut state = self.lock();
        if state.phase != Phase::Open || state.since.is_some() {
            return;
        }
        let Some(last) = state.take(&self.intake) else {
            return;
        };
        // Nothing may be written here once the channel is closed: so this is done under the lock.
        let channel = self.channel;
        let sent = self.port.send(true, |out| {
            frames::ack(out, channel, last, true);
            frames::flow(out, channel);
        });
        match sent {
            Ok(()) => state.since = Some(Instant::now()),
            // It was not sent: the connection has ended.
            Err(fault) => {
                let taken = std::mem::take(&mut state.taken);
                drop(state);
                self.finish(fault.why());
                gone_back(taken.len(), fault.why());
            }
        }
    }

    /// The broker has answered: what was taken is the server's.
    pub(super) fn answered(&self) {
        let taken = {
            let mut state = self.lock();
            state.since = None;
            std::mem::take(&mut state.taken)
        };
        for Taken { body, permit } in taken {
            let delivery = RabbitDelivery::new(self.intake.shared.clone(), permit);
            self.hand_over(Arrival::Request(Incoming::new(body, Arc::new(delivery))));
        }
    }

    fn hand_over(&self, arrival: Arrival) {
        if let Err(SendError(Arrival::Request(_))) = self.intake.arrivals.send(arrival) {
            tracing::warn!("a request was taken and is not run: its server is gone");
        }
    }

    /// Done when the broker has left a question without an answer for as long as `limit`.
    pub(super) async fn unanswered(&self, limit: Duration) {
        loop {
            sleep(limit / 4).await;
            let since = self.lock().since;
            if since.is_some_and(|since| since.elapsed() >= limit) {
                return;
            }
        }
    }

    /// Takes nothing more: what was not taken goes back to its queue.
    fn finish(&self, why: &Arc<str>) {
        let mut state = self.lock();
        state.phase = Phase::Ended;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        gone_back(waiting.len(), why);
    }

    /// There will be no more answers.
    fn give_up(&self, why: &Arc<str>) {
        self.finish(why);
        let taken = {
            let mut state = self.lock();
            state.since = None;
            std::mem::take(&mut state.taken)
        };
        for Taken { body, .. } in taken {
            let why = why.clone();
            self.hand_over(Arrival::InDoubt { body, why });
        }
    }

    /// The broker has closed the channel.
    pub(super) fn closed(&self, fault: &Fault) {
        self.give_up(fault.why());
    }

    /// Closes its channel.
    pub(super) async fn end(&self, link: &Link, channel: &Channel) {
        let why = "its session has ended".into();
        self.finish(&why);
        if channel.status().connected() && link.is_up() {
            // What was asked before is answered before this is.
            let close = link.control("channel.close", channel.close(200, "OK".into()));
            if let Ok(Err(fault)) = timeout(END_DEADLINE, close).await {
                tracing::debug!(why = %fault.why(), "closing a channel failed");
            }
        }
        self.give_up(&why);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn gone_back(requests: usize, why: &Arc<str>) {
    if requests > 0 {
        tracing::debug!(requests, %why, "requests went back to the broker");
    }
}

#[cfg(test)]
mod tests {
    use super::super::driver::RabbitDriver;
    use super::*;

    const CHANNEL: u16 = 3;
    const NOTHING: [u8; 0] = [];

    struct Bench {
        session: Arc<Session>,
        permits: Arc<Permits>,
        port: Arc<Port>,
        arrivals: mpsc::UnboundedReceiver<Arrival>,
    }

    impl Bench {
        /// A session that is not open.
        fn new(concurrency: usize) -> Self {
            let driver = RabbitDriver::new(&"rabbit://".parse().unwrap()).unwrap();
            let (sender, arrivals) = mpsc::unbounded_channel();
            let permits = Permits::new(concurrency);
            let intake = Arc::new(Intake {
                shared: driver.shared.clone(),
                permits: permits.clone(),
                arrivals: sender,
                next_offset: Mutex::default(),
            });
            let port = Arc::new(Port::new(None, None));
            let session = Arc::new(Session::new(intake, port.clone(), CHANNEL));
            Self {
                session,
                permits,
                port,
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
                self.session.arrived(Waiting {
                    tag,
                    body: Bytes::from(tag.to_string()),
                    expires: None,
                    offset: None,
                });
            }
            self.session.take();
        }

        fn written(&self) -> Vec<u8> {
            let mut frames = Vec::new();
            self.port.outbound.take(&mut frames);
            frames
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

    /// All up to this one are acknowledged, and the question follows.
    fn taken(tag: u64) -> Vec<u8> {
        let mut frames = Vec::new();
        frames::ack(&mut frames, CHANNEL, tag, true);
        frames::flow(&mut frames, CHANNEL);
        frames
    }

    #[test]
    fn as_many_are_taken_as_may_run_and_handed_over_with_the_answer() {
        let mut bench = Bench::listening(2);
        bench.arrive(1..=1);
        assert_eq!(bench.written(), taken(1));
        bench.arrive(2..=4);
        assert_eq!(bench.written(), NOTHING, "there is no answer so far");
        assert!(bench.arrived().0.is_empty());
        bench.session.answered();
        let (names, mut first) = bench.arrived();
        assert_eq!(names, ["1"]);
        bench.session.take();
        assert_eq!(bench.written(), taken(2), "one permit is left");
        bench.session.answered();
        let (names, _second) = bench.arrived();
        assert_eq!(names, ["2"]);
        assert_eq!(bench.written(), NOTHING);
        // A permit comes back.
        first.clear();
        assert_eq!(bench.written(), taken(3));
    }

    #[test]
    fn nothing_is_taken_before_all_stands_or_for_nobody() {
        let bench = Bench::new(1);
        bench.permits.listen();
        bench.arrive(1..=1);
        assert_eq!(bench.written(), NOTHING, "not open");
        bench.session.open();
        assert_eq!(bench.written(), taken(1));

        let bench = Bench::new(1);
        bench.session.open();
        bench.arrive(1..=1);
        assert_eq!(bench.written(), NOTHING, "nobody listens");
        bench.permits.listen();
        assert_eq!(bench.written(), taken(1));

        let mut bench = Bench::listening(1);
        bench.arrive(1..=2);
        bench.session.answered();
        bench.permits.close();
        drop(bench.arrived());
        assert_eq!(bench.written(), taken(1), "and none in place of the first");
    }

    #[test]
    fn an_end_leaves_in_doubt_what_has_no_answer_and_gives_back_the_rest() {
        let mut bench = Bench::listening(1);
        bench.arrive(1..=3);
        bench.session.closed(&Fault::lost("cut"));
        assert_eq!(bench.arrived().0, ["1?"]);
        bench.session.answered();
        bench.arrive(4..=4);
        assert!(bench.arrived().0.is_empty());
        assert_eq!(bench.written(), taken(1));
        assert!(bench.permits.try_take().is_some(), "a permit was kept");
    }

    #[test]
    fn what_cannot_be_acknowledged_has_not_been_taken() {
        let mut bench = Bench::listening(2);
        bench.port.abort();
        bench.arrive(1..=4);
        bench.session.closed(&Fault::lost("cut"));
        assert!(bench.arrived().0.is_empty());
        let permits = [bench.permits.try_take(), bench.permits.try_take()];
        assert!(permits.iter().all(Option::is_some), "a permit was kept");
    }

    #[tokio::test]
    async fn all_is_settled_when_each_permit_is_back() {
        let mut bench = Bench::listening(2);
        bench.arrive(1..=1);
        bench.session.answered();
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
        bench.session.arrived(Waiting {
            tag: 1,
            body: Bytes::new(),
            expires: Some(Instant::now()),
            offset: Some(7),
        });
        bench.arrive(2..=2);
        assert_eq!(bench.written(), taken(2));
        bench.session.answered();
        assert_eq!(bench.arrived().0, ["2"]);
        assert_eq!(*lock(&bench.session.intake.next_offset), Some(8));
    }
}
