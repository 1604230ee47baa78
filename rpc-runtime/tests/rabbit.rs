//! The `rabbit://` driver against a real broker: `tests/run` starts one and names it in
//! `RPC_TEST_RABBIT_URL`.
//!
//! Tests share the broker, so each has topics of its own. They wait for conditions, never for time to
//! pass. Faults are made by a relay between driver and broker, or by a second AMQP connection.

#![cfg(feature = "rabbit")]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail the test")]

mod relay;

use std::collections::HashSet;
use std::time::Duration;

use futures_core::Stream;
use lapin::options::{
    BasicConsumeOptions, ExchangeDeclareOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use rpc_runtime::transport::{CallTerms, Incoming, ListenTerms, Listener, SendTerms};
use rpc_runtime::wire::{MessageId, ReplyTo, Request, RequestBody, RequestEncoder, success};
use rpc_runtime::{Error, Retry, Stage, Target, Transport, TransportUrl};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use relay::Relay;

const LONG: Duration = Duration::from_secs(20);

fn base() -> TransportUrl {
    let url = std::env::var("RPC_TEST_RABBIT_URL").expect("RPC_TEST_RABBIT_URL names the broker");
    url.parse().expect("RPC_TEST_RABBIT_URL is a transport URL")
}

fn broker() -> String {
    let url = base();
    let host = &url.hosts()[0];
    format!("{}:{}", host.name, host.port.unwrap_or(5672))
}

fn credentials() -> String {
    let url = base();
    let host = &url.hosts()[0];
    let password = host
        .password
        .as_ref()
        .map_or("guest", |password| password.expose());
    format!("{}:{password}", host.user.as_deref().unwrap_or("guest"))
}

fn transport_at(address: &str, query: &str) -> Transport {
    let url = format!("rabbit://{}@{address}/?{query}", credentials());
    Transport::new(&url).unwrap()
}

fn transport(query: &str) -> Transport {
    transport_at(&broker(), query)
}

fn topic() -> String {
    format!("t{}", MessageId::unique())
}

fn request(method: &str) -> RequestBody {
    let context = serde_json::json!({});
    RequestEncoder::new(method)
        .finish(None, None, &context)
        .unwrap()
}

fn terms(time: Duration) -> CallTerms {
    CallTerms::new(SendTerms::new(Retry::Forever, true), time, None)
}

fn casting(retry: Retry, mandatory: bool) -> SendTerms {
    SendTerms::new(retry, mandatory)
}

async fn listen(transport: &Transport, target: &Target) -> Box<dyn Listener> {
    let terms = ListenTerms::new(16);
    let listen = transport.driver().listen(target, &terms);
    timeout(LONG, listen)
        .await
        .expect("listens in time")
        .unwrap()
}

async fn next(listener: &mut Box<dyn Listener>) -> Incoming {
    timeout(LONG, listener.next())
        .await
        .expect("a request in time")
        .expect("listener is open")
}

fn method_of(incoming: &Incoming) -> String {
    let text = Request::open(&incoming.body).unwrap();
    Request::parse(&text).unwrap().method().to_owned()
}

fn reply_to(incoming: &Incoming) -> ReplyTo {
    let text = Request::open(&incoming.body).unwrap();
    Request::parse(&text)
        .unwrap()
        .reply_to()
        .expect("a call")
        .clone()
}

async fn answer(incoming: &mut Incoming, with: &str) {
    incoming.delivery.acknowledge().await.unwrap();
    let to = reply_to(incoming);
    incoming
        .delivery
        .reply(&to, success(&to, with).unwrap())
        .await
        .unwrap();
}

/// Answers each call with `name`.
fn serve(mut listener: Box<dyn Listener>, name: &str) -> JoinHandle<()> {
    let name = name.to_owned();
    tokio::spawn(async move {
        while let Some(mut incoming) = listener.next().await {
            if incoming.delivery.acknowledge().await.is_ok() {
                let to = reply_to(&incoming);
                let reply = success(&to, &name).unwrap();
                let _ = incoming.delivery.reply(&to, reply).await;
            }
        }
    })
}

async fn call(transport: &Transport, target: &Target) -> Result<String, Error> {
    let reply = transport
        .driver()
        .call(target, request("m"), &terms(LONG))
        .await?;
    reply.into_result()
}

/// A look at the broker from aside.
async fn aside() -> (lapin::Connection, lapin::Channel) {
    let uri = format!(
        "amqp://{}@{}/%2f?frame_max=131072&heartbeat=60",
        credentials(),
        broker()
    );
    let connection = lapin::Connection::connect(&uri, lapin::ConnectionProperties::default());
    let connection = connection.await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

async fn queue_exists(connection: &lapin::Connection, queue: &str) -> bool {
    let channel = connection.create_channel().await.unwrap();
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    channel
        .queue_declare(queue.into(), options, FieldTable::default())
        .await
        .is_ok()
}

async fn delete_queue(channel: &lapin::Channel, queue: &str) {
    channel
        .queue_delete(queue.into(), QueueDeleteOptions::default())
        .await
        .unwrap();
}

async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, wait)
        .await
        .unwrap_or_else(|_| panic!("not in time: {what}"));
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn servers_of_a_topic_take_turns_and_can_be_addressed() {
    let topic = topic();
    let transport = transport("");
    for name in ["a", "b"] {
        let listener = listen(&transport, &Target::new(&*topic).server(name)).await;
        serve(listener, name);
    }
    let mut counts = [0, 0];
    for _ in 0..20 {
        let name = call(&transport, &Target::new(&*topic)).await.unwrap();
        counts[usize::from(name == "b")] += 1;
    }
    assert_eq!(counts, [10, 10]);
    for name in ["a", "b", "b", "a"] {
        let target = Target::new(&*topic).server(name);
        assert_eq!(call(&transport, &target).await.unwrap(), name);
    }
    transport.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn many_calls_at_once_each_get_their_own_reply() {
    let topic = topic();
    let transport = transport("");
    let mut listener = listen(&transport, &Target::new(&*topic).server("s")).await;
    tokio::spawn(async move {
        while let Some(mut incoming) = listener.next().await {
            let method = method_of(&incoming);
            tokio::spawn(async move { answer(&mut incoming, &method).await });
        }
    });
    let calls: Vec<_> = (0..500)
        .map(|number| {
            let (transport, topic) = (transport.clone(), topic.clone());
            tokio::spawn(async move {
                let method = format!("m{number}");
                let target = Target::new(topic);
                let reply = transport
                    .driver()
                    .call(&target, request(&method), &terms(LONG))
                    .await;
                assert_eq!(reply.unwrap().into_result::<String>().unwrap(), method);
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_fanout_reaches_all_and_is_no_error_without_any() {
    let topic = topic();
    let transport = transport("");
    let everybody = Target::new(&*topic).fanout(true);
    let send = casting(Retry::Times(0), true);
    transport
        .driver()
        .send(&everybody, request("nobody"), &send)
        .await
        .unwrap();
    let mut listeners = Vec::new();
    for name in ["a", "b", "c"] {
        listeners.push(listen(&transport, &Target::new(&*topic).server(name)).await);
    }
    transport
        .driver()
        .send(&everybody, request("all"), &send)
        .await
        .unwrap();
    for listener in &mut listeners {
        let mut incoming = next(listener).await;
        assert_eq!(method_of(&incoming), "all");
        incoming.delivery.acknowledge().await.unwrap();
    }
    let error = transport
        .driver()
        .call(&everybody, request("m"), &terms(LONG))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::InvalidTarget { .. }), "{error}");
    // The last queue takes the exchange with it: the next fanout declares it anew.
    for mut listener in listeners {
        listener.close().await;
    }
    transport
        .driver()
        .send(&everybody, request("nobody"), &send)
        .await
        .unwrap();
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_topic_that_nobody_serves_is_an_error_unless_asked_otherwise() {
    let transport = transport("");
    let target = Target::new(topic());
    let driver = transport.driver();
    let error = driver
        .call(&target, request("m"), &terms(LONG))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Undeliverable { .. }), "{error}");
    let strict = casting(Retry::Forever, true);
    let error = driver
        .send(&target, request("m"), &strict)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Undeliverable { .. }), "{error}");
    let careless = casting(Retry::Forever, false);
    driver.send(&target, request("m"), &careless).await.unwrap();
    let careless = CallTerms::new(careless, Duration::from_millis(300), None);
    let error = driver
        .call(&target, request("m"), &careless)
        .await
        .unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Timeout {
                waiting_for: Stage::Reply,
                ..
            }
        ),
        "{error}"
    );
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn tries_are_counted_and_the_last_reason_is_told() {
    let port = relay::closed_port().await;
    let quick = "rabbit_retry_interval=0.01&rabbit_retry_backoff=0";
    let transport = transport_at(&format!("127.0.0.1:{port}"), quick);
    let target = Target::new("t");
    for (retry, made) in [(0, 1), (2, 3)] {
        let send = casting(Retry::Times(retry), true);
        let error = transport
            .driver()
            .send(&target, request("m"), &send)
            .await
            .unwrap_err();
        let Error::Delivery {
            attempts,
            reason,
            maybe_delivered,
            ..
        } = &error
        else {
            panic!("{error}")
        };
        assert_eq!((*attempts, *maybe_delivered), (made, false), "{error}");
        assert!(
            reason.contains("refused") && reason.contains(&port.to_string()),
            "{reason}"
        );
        let call = CallTerms::new(send, LONG, None);
        let error = transport
            .driver()
            .call(&target, request("m"), &call)
            .await
            .unwrap_err();
        let Error::Delivery { attempts, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(*attempts, made);
    }
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_timeout_says_what_was_waited_for() {
    const SHORT: Duration = Duration::from_millis(400);
    let target = Target::new("t");
    let port = relay::closed_port().await;
    let refused = transport_at(&format!("127.0.0.1:{port}"), "");
    let error = refused
        .driver()
        .call(&target, request("m"), &terms(SHORT))
        .await
        .unwrap_err();
    let Error::Timeout {
        waiting_for: Stage::Connection(Some(why)),
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert!(why.contains("refused") && !error.may_have_run(), "{error}");
    refused.close().await;

    let silent = Relay::silent().await;
    let deaf = transport_at(&silent.address(), "rabbit_connect_timeout=0.1");
    let error = deaf
        .driver()
        .call(&target, request("m"), &terms(SHORT))
        .await
        .unwrap_err();
    let Error::Timeout {
        waiting_for: Stage::Connection(Some(why)),
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert!(why.contains("handshake"), "{why}");
    deaf.close().await;

    let topic = topic();
    let transport = transport("");
    let _listener = listen(&transport, &Target::new(&*topic).server("s")).await;
    let target = Target::new(topic);
    let error = transport
        .driver()
        .call(&target, request("m"), &terms(SHORT))
        .await
        .unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Timeout {
                waiting_for: Stage::Reply,
                ..
            }
        ),
        "{error}"
    );
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn what_the_broker_refuses_is_named() {
    let name = credentials()
        .split(':')
        .next()
        .unwrap_or_default()
        .to_owned();
    let send = casting(Retry::Times(0), true);
    for (url, hints) in [
        (
            format!("rabbit://{name}:hunter2@{}/", broker()),
            ["ACCESS_REFUSED", &name],
        ),
        (
            format!("rabbit://{}@{}/no-such-vhost", credentials(), broker()),
            ["NOT_ALLOWED", "no-such-vhost"],
        ),
    ] {
        let transport = Transport::new(&url).unwrap();
        let target = Target::new("t");
        let error = transport
            .driver()
            .send(&target, request("m"), &send)
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(hints.iter().all(|hint| text.contains(hint)), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        transport.close().await;
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_call_outlives_its_connection() {
    let topic = topic();
    let server = transport("");
    let mut listener = listen(&server, &Target::new(&*topic).server("s")).await;
    let relay = Relay::to(&broker()).await;
    let client = transport_at(&relay.address(), "");
    let waiting = {
        let (client, topic) = (client.clone(), topic.clone());
        tokio::spawn(async move { call(&client, &Target::new(topic)).await })
    };
    let mut incoming = next(&mut listener).await;
    relay.cut();
    answer(&mut incoming, "late").await;
    assert_eq!(waiting.await.unwrap().unwrap(), "late");
    // And the next one works over the new connection.
    serve(listener, "again");
    assert_eq!(call(&client, &Target::new(topic)).await.unwrap(), "again");
    client.close().await;
    server.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_request_of_a_cut_connection_can_only_be_taken_from_the_next() {
    let topic = topic();
    let relay = Relay::to(&broker()).await;
    let server = transport_at(&relay.address(), "");
    let client = transport("");
    let mut listener = listen(&server, &Target::new(&*topic).server("s")).await;
    let target = Target::new(&*topic);
    let send = casting(Retry::Forever, true);
    client
        .driver()
        .send(&target, request("one"), &send)
        .await
        .unwrap();
    let mut lost = next(&mut listener).await;
    relay.cut();
    let mut again = next(&mut listener).await;
    assert_eq!(
        (method_of(&lost), method_of(&again)),
        ("one".into(), "one".into())
    );
    lost.delivery.acknowledge().await.unwrap_err();
    again.delivery.acknowledge().await.unwrap();
    // A second time is harmless.
    again.delivery.acknowledge().await.unwrap();
    client
        .driver()
        .send(&target, request("two"), &send)
        .await
        .unwrap();
    assert_eq!(method_of(&next(&mut listener).await), "two");
    client.close().await;
    server.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_deleted_queue_is_declared_and_consumed_anew() {
    let topic = topic();
    let transport = transport("");
    let mut listener = listen(&transport, &Target::new(&*topic).server("s")).await;
    let (transport, target) = (&transport, &Target::new(&*topic));
    let (called, reply_queue) = tokio::join!(call(transport, target), async {
        let mut incoming = next(&mut listener).await;
        answer(&mut incoming, "s").await;
        reply_to(&incoming).queue
    });
    called.unwrap();
    serve(listener, "s");
    let (connection, channel) = aside().await;
    for queue in [&topic, &reply_queue] {
        delete_queue(&channel, queue).await;
        until("the queue is back", || queue_exists(&connection, queue)).await;
        until("calls work again", || async move {
            call(transport, target).await.is_ok()
        })
        .await;
    }
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn closing_a_listener_gives_back_what_it_has_not_begun() {
    let topic = topic();
    let transport = transport("");
    let send = casting(Retry::Forever, true);
    let mut first = listen(&transport, &Target::new(&*topic).server("a")).await;
    for method in ["one", "two", "three"] {
        transport
            .driver()
            .send(&Target::new(&*topic), request(method), &send)
            .await
            .unwrap();
    }
    let mut begun = next(&mut first).await;
    begun.delivery.acknowledge().await.unwrap();
    let mut waiting = next(&mut first).await;
    first.close().await;
    assert!(first.next().await.is_none());
    waiting.delivery.acknowledge().await.unwrap_err();
    let mut second = listen(&transport, &Target::new(&*topic).server("b")).await;
    let mut methods = HashSet::new();
    for _ in 0..2 {
        let mut incoming = next(&mut second).await;
        incoming.delivery.acknowledge().await.unwrap();
        methods.insert(method_of(&incoming));
    }
    assert_eq!(methods, HashSet::from(["two".into(), "three".into()]));
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn closing_ends_waiting_calls_and_leaves_no_queue_of_its_own() {
    let topic = topic();
    let (aside, _channel) = aside().await;
    let server = transport("");
    let client = transport("");
    let mut listener = listen(&server, &Target::new(&*topic).server("s")).await;
    let waiting = {
        let (client, topic) = (client.clone(), topic.clone());
        tokio::spawn(async move { call(&client, &Target::new(topic)).await })
    };
    let queue = reply_to(&next(&mut listener).await).queue;
    assert!(queue_exists(&aside, &queue).await);
    client.close().await;
    assert!(matches!(waiting.await.unwrap(), Err(Error::Closed)));
    assert!(matches!(
        call(&client, &Target::new(&*topic)).await,
        Err(Error::Closed)
    ));
    let send = casting(Retry::Forever, true);
    let cast = client
        .driver()
        .send(&Target::new(&*topic), request("m"), &send)
        .await;
    assert!(matches!(cast, Err(Error::Closed)));
    assert!(!queue_exists(&aside, &queue).await);
    // The listener hears of it too.
    server.close().await;
    while listener.next().await.is_some() {}
    let target = Target::new(topic).server("s");
    let again = server.driver().listen(&target, &ListenTerms::new(1)).await;
    assert!(matches!(again.map(drop), Err(Error::Closed)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn no_task_outlives_the_driver() {
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    for orderly in [true, false] {
        let topic = topic();
        let transport = transport("");
        let mut listener = listen(&transport, &Target::new(&*topic).server("s")).await;
        let target = Target::new(topic);
        let (called, ()) = tokio::join!(call(&transport, &target), async {
            answer(&mut next(&mut listener).await, "x").await;
        });
        called.unwrap();
        if orderly {
            transport.close().await;
        }
        drop((transport, listener));
        until("all tasks have ended", || async { tasks() <= before }).await;
    }
    // One that never connects.
    let port = relay::closed_port().await;
    let transport = transport_at(&format!("127.0.0.1:{port}"), "");
    let short = terms(Duration::from_millis(50));
    transport
        .driver()
        .call(&Target::new("t"), request("m"), &short)
        .await
        .unwrap_err();
    drop(transport);
    until("the dialling has ended", || async { tasks() <= before }).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_reply_waits_for_its_queue_and_then_gives_up() {
    let topic = topic();
    let transport = transport("kombu_missing_consumer_retry_timeout=1");
    let mut listener = listen(&transport, &Target::new(&*topic).server("s")).await;
    let send = casting(Retry::Forever, true);
    transport
        .driver()
        .send(&Target::new(&*topic), request("m"), &send)
        .await
        .unwrap();
    let incoming = next(&mut listener).await;
    let (_connection, channel) = aside().await;
    let queue = format!("reply_{}", MessageId::unique());
    let to = ReplyTo::new(&*queue, "id");
    let reply = || incoming.delivery.reply(&to, success(&to, "x").unwrap());
    for _ in 0..3 {
        reply().await.unwrap();
    }
    // It appears in time: all that waited arrive.
    let declare = channel.queue_declare(
        queue.as_str().into(),
        QueueDeclareOptions::default(),
        FieldTable::default(),
    );
    declare.await.unwrap();
    let consume = channel.basic_consume(
        queue.as_str().into(),
        "".into(),
        BasicConsumeOptions::default(),
        FieldTable::default(),
    );
    let mut consumer = consume.await.unwrap();
    for _ in 0..3 {
        let next =
            std::future::poll_fn(|context| std::pin::Pin::new(&mut consumer).poll_next(context));
        timeout(LONG, next)
            .await
            .expect("in time")
            .unwrap()
            .unwrap();
    }
    // It stays away: dropped, and later ones at once.
    delete_queue(&channel, &queue).await;
    reply().await.unwrap();
    let given_up = || async { format!("{transport:?}").contains("Gone(") };
    until("the queue is given up", given_up).await;
    reply().await.unwrap();
    let far = ReplyTo::new("q".repeat(300), "id");
    incoming
        .delivery
        .reply(&far, success(&far, "x").unwrap())
        .await
        .unwrap();
    transport.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn calls_given_up_at_any_point_leave_nothing_behind() {
    let topic = topic();
    let transport = transport("");
    let listener = listen(&transport, &Target::new(&*topic).server("s")).await;
    serve(listener, "s");
    let target = Target::new(&*topic);
    for microseconds in (0..6000).step_by(20) {
        let call = call(&transport, &target);
        let _ = timeout(Duration::from_micros(microseconds), call).await;
    }
    let text = format!("{transport:?}");
    assert!(text.contains("calls: {}"), "{text}");
    let calls: Vec<_> = (0..64)
        .map(|_| {
            let (transport, target) = (transport.clone(), target.clone());
            tokio::spawn(async move { call(&transport, &target).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), "s");
    }
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn each_topology_carries_calls_and_fanouts() {
    for query in [
        "amqp_durable_queues=true",
        "amqp_auto_delete=true",
        "rabbit_quorum_queue=true&rabbit_quorum_delivery_limit=5&rabbit_quorum_max_memory_length=100\
         &rabbit_quorum_max_memory_bytes=100000",
        "rabbit_transient_quorum_queue=true&rabbit_transient_queues_ttl=60",
        "rabbit_transient_queues_ttl=0",
        "rabbit_transient_quorum_queue=true&rabbit_stream_fanout=true&rabbit_qos_prefetch_count=10",
        "use_queue_manager=true&hostname=host&processname=rabbit-test",
        "rabbit_login_method=AMQPLAIN&heartbeat_timeout_threshold=5",
    ] {
        let topic = topic();
        let exchange = format!("x{topic}");
        let transport = transport(query);
        let server = Target::new(&*topic).exchange(&*exchange).server("s");
        let mut listener = listen(&transport, &server).await;
        let fanout = Target::new(&*topic).exchange(&*exchange).fanout(true);
        let send = casting(Retry::Times(3), true);
        transport
            .driver()
            .send(&fanout, request("all"), &send)
            .await
            .unwrap();
        let mut incoming = next(&mut listener).await;
        assert_eq!(method_of(&incoming), "all", "{query}");
        incoming.delivery.acknowledge().await.unwrap();
        let (called, reply_queue) = tokio::join!(call(&transport, &server), async {
            let mut incoming = next(&mut listener).await;
            answer(&mut incoming, "x").await;
            reply_to(&incoming).queue
        });
        assert_eq!(called.unwrap(), "x", "{query}");
        if query.contains("manager") {
            assert!(
                reply_queue.starts_with("reply_host:rabbit-test:"),
                "{reply_queue}"
            );
        }
        listener.close().await;
        transport.close().await;
        let (connection, channel) = aside().await;
        let stream = format!("{topic}_fanout");
        for queue in [&topic, &format!("{topic}.s"), &stream, &reply_queue] {
            if queue_exists(&connection, queue).await {
                delete_queue(&channel, queue).await;
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_stream_is_read_on_where_the_connection_was_cut() {
    let topic = topic();
    let query = "rabbit_transient_quorum_queue=true&rabbit_stream_fanout=true\
                 &rabbit_qos_prefetch_count=10";
    let relay = Relay::to(&broker()).await;
    let server = transport_at(&relay.address(), query);
    let client = transport(query);
    let mut listener = listen(&server, &Target::new(&*topic).server("s")).await;
    let fanout = Target::new(&*topic).fanout(true);
    let send = casting(Retry::Forever, false);
    for method in ["one", "two", "three"] {
        client
            .driver()
            .send(&fanout, request(method), &send)
            .await
            .unwrap();
        let mut incoming = next(&mut listener).await;
        assert_eq!(method_of(&incoming), method);
        incoming.delivery.acknowledge().await.unwrap();
        relay.cut();
    }
    server.close().await;
    client.close().await;
    let (_connection, channel) = aside().await;
    delete_queue(&channel, &format!("{topic}_fanout")).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn an_exchange_of_another_durability_is_used_as_it_is() {
    for (durable, query) in [(true, ""), (false, "amqp_durable_queues=true")] {
        let topic = topic();
        let exchange = format!("x{topic}");
        let (_connection, channel) = aside().await;
        let options = ExchangeDeclareOptions {
            durable,
            ..ExchangeDeclareOptions::default()
        };
        let kind = lapin::ExchangeKind::Topic;
        let name = exchange.as_str().into();
        channel
            .exchange_declare(name, kind, options, FieldTable::default())
            .await
            .unwrap();
        let transport = transport(query);
        let target = Target::new(&*topic).exchange(&*exchange);
        let server = target.clone().server("s");
        serve(listen(&transport, &server).await, "s");
        assert_eq!(call(&transport, &target).await.unwrap(), "s");
        transport.close().await;
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn what_cannot_be_declared_is_an_error_at_once() {
    let topic = topic();
    let exchange = format!("x{topic}");
    let (_connection, channel) = aside().await;
    let kind = lapin::ExchangeKind::Direct;
    let options = ExchangeDeclareOptions::default();
    let name = exchange.as_str().into();
    channel
        .exchange_declare(name, kind, options, FieldTable::default())
        .await
        .unwrap();
    let transport = transport("");
    let target = Target::new(&*topic).exchange(&*exchange).server("s");
    let terms = ListenTerms::new(1);
    let listened = timeout(LONG, transport.driver().listen(&target, &terms)).await;
    let error = listened.expect("in time").map(drop).unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(&error, Error::Refused { .. }) && text.contains("'type'"),
        "{text}"
    );
    let send = casting(Retry::Forever, true);
    let error = transport
        .driver()
        .send(&target, request("m"), &send)
        .await
        .unwrap_err();
    assert!(matches!(&error, Error::Refused { .. }), "{error}");
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_deleted_exchange_is_declared_anew() {
    let topic = topic();
    let exchange = format!("x{topic}");
    let transport = transport("");
    let target = Target::new(&*topic).exchange(&*exchange);
    let send = casting(Retry::Times(2), false);
    let driver = transport.driver();
    driver.send(&target, request("m"), &send).await.unwrap();
    let (_connection, channel) = aside().await;
    let options = lapin::options::ExchangeDeleteOptions::default();
    channel
        .exchange_delete(exchange.as_str().into(), options)
        .await
        .unwrap();
    driver.send(&target, request("m"), &send).await.unwrap();
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn another_host_is_taken_when_one_is_dead() {
    let silent = Relay::silent().await;
    let closed = relay::closed_port().await;
    let user = credentials();
    for _ in 0..4 {
        let url = format!(
            "rabbit://{user}@127.0.0.1:{closed},{user}@{},{user}@{}/?rabbit_connect_timeout=0.2\
             &rabbit_retry_interval=0.01&rabbit_retry_backoff=0",
            silent.address(),
            broker()
        );
        let transport = Transport::new(&url).unwrap();
        let target = Target::new(topic());
        let send = casting(Retry::Times(2), false);
        transport
            .driver()
            .send(&target, request("m"), &send)
            .await
            .unwrap();
        transport.close().await;
    }
}
