//! How a session takes requests: with which permits, and what each end of the session means for them.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::super::super::amqp::AcknowledgerBench;
use super::super::super::driver::RabbitDriver;
use super::*;
use crate::transport::{Arrival, Incoming};

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
        let arrival_sender = ArrivalSender::new(driver.shared.clone(), "topic", sender, 4096);
        let listener = Arc::new(ListenerShared {
            topic: "topic".to_owned(),
            permits: permits.clone(),
            arrivals: Arc::new(arrival_sender),
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

    /// Lets requests with these tags arrive.
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

    /// The bodies that were passed on, and the requests among them. A body in doubt ends in a question mark.
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
fn requests_are_taken_with_a_permit_and_passed_on_with_the_receipt() {
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
    // Dropping the first request frees its permit.
    first.clear();
    assert_eq!(bench.taken(), [3]);
}

#[test]
fn nothing_is_taken_unless_the_session_is_open_and_the_server_listens() {
    let bench = Bench::new(1);
    bench.permits.listen();
    bench.arrive(1..=1);
    assert_eq!(bench.taken(), NOTHING, "not open");
    bench.session.open();
    assert_eq!(bench.taken(), [1]);

    let bench = Bench::new(1);
    bench.session.open();
    bench.arrive(1..=1);
    assert_eq!(bench.taken(), NOTHING, "the server does not listen");
    bench.permits.listen();
    assert_eq!(bench.taken(), [1]);

    let mut bench = Bench::listening(1);
    bench.arrive(1..=2);
    bench.session.receipt();
    bench.permits.close();
    drop(bench.arrived());
    assert_eq!(bench.taken(), [1], "none is taken after the close");
}

#[test]
fn at_the_end_requests_without_a_receipt_are_in_doubt_and_the_rest_go_back() {
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
fn requests_that_go_back_are_counted() {
    let bench = Bench::listening(1);
    bench.arrive(1..=3);
    assert_eq!(bench.session.finish(&"stopped".into()), 2);
    assert_eq!(bench.session.finish(&"stopped".into()), 0);
}

#[test]
fn a_request_that_cannot_be_acknowledged_is_not_taken() {
    let mut bench = Bench::listening(2);
    bench.channel.cut();
    bench.arrive(1..=4);
    bench.session.ended(&Fault::lost("cut"));
    assert!(bench.arrived().0.is_empty());
    let permits = [bench.permits.try_take(), bench.permits.try_take()];
    assert!(permits.iter().all(Option::is_some), "a permit was kept");
}

#[test]
fn a_consumer_is_not_cancelled_before_its_start_was_answered() {
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
async fn all_permits_are_back_once_each_request_is_dropped() {
    let mut bench = Bench::listening(2);
    bench.arrive(1..=1);
    bench.session.receipt();
    let (_, requests) = bench.arrived();
    bench.permits.close();
    let mut settled = std::pin::pin!(bench.permits.all_released());
    let early = std::future::poll_fn(|cx| std::task::Poll::Ready(settled.as_mut().poll(cx)));
    assert!(early.await.is_pending());
    drop(requests);
    settled.await;
}

#[test]
fn an_expired_request_takes_no_permit() {
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
