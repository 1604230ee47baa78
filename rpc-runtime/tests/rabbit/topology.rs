//! Declarations with each option, and of queues and exchanges that exist in another form.

use std::pin::pin;
use std::time::SystemTime;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::*;

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn calls_and_fanouts_work_with_each_topology() {
    // A process of that name may run the same test over another broker.
    let host = format!("host{}", std::process::id());
    let managed = format!("use_queue_manager=true&hostname={host}&processname=rabbit-test");
    for query in [
        "amqp_durable_queues=true",
        "amqp_auto_delete=true",
        "rabbit_quorum_queue=true&rabbit_quorum_delivery_limit=5&rabbit_quorum_max_memory_length=100\
         &rabbit_quorum_max_memory_bytes=100000",
        "rabbit_transient_quorum_queue=true&rabbit_transient_queues_ttl=60",
        "rabbit_transient_queues_ttl=0",
        "rabbit_transient_quorum_queue=true&rabbit_stream_fanout=true&rabbit_qos_prefetch_count=10",
        managed.as_str(),
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
        assert_eq!(method_of(&next(&mut listener).await), "all", "{query}");
        let (called, reply_queue) = tokio::join!(call(&transport, &server), async {
            let incoming = next(&mut listener).await;
            answer(&incoming, "x").await;
            reply_to(&incoming).queue
        });
        assert_eq!(called.unwrap(), "x", "{query}");
        if query.contains("manager") {
            assert!(
                reply_queue.starts_with(&format!("reply_{host}:rabbit-test:")),
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
    std::fs::remove_file(format!("/dev/shm/{host}_rabbit-test_qmanager")).unwrap();
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_stream_continues_where_the_connection_was_cut() {
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
        assert_eq!(method_of(&next(&mut listener).await), method);
        relay.cut();
    }
    server.close().await;
    client.close().await;
    let (_connection, channel) = aside().await;
    delete_queue(&channel, &format!("{topic}_fanout")).await;
}

/// Each of them is sent with a declaration of the exchange, and each is refused because of it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs RabbitMQ: tests/run"]
async fn concurrent_fanouts_to_an_exchange_of_another_durability_are_all_sent() {
    let topic = topic();
    let server = transport("rabbit_transient_quorum_queue=true&rabbit_transient_queues_ttl=60");
    let target = Target::new(&*topic).server("s");
    let mut listener = listen_with(&server, &target, 64).await;
    let client = transport("");
    client.connect().await.unwrap();
    let mut casts = JoinSet::new();
    for _ in 0..64 {
        let (client, fanout) = (client.clone(), Target::new(&*topic).fanout(true));
        casts.spawn(async move {
            let send = casting(Retry::Times(0), false);
            client.driver().send(&fanout, request("all"), &send).await
        });
    }
    for sent in casts.join_all().await {
        sent.unwrap();
    }
    for _ in 0..64 {
        assert_eq!(method_of(&next(&mut listener).await), "all");
    }
    listener.close().await;
    server.close().await;
    client.close().await;
}

/// The broker declares a stream before its replica runs, so a server may find a stream that it cannot consume yet.
#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn servers_that_declare_a_stream_at_the_same_time_all_start() {
    let query = "rabbit_transient_quorum_queue=true&rabbit_stream_fanout=true\
                 &rabbit_qos_prefetch_count=10";
    let servers: Vec<_> = (0..6).map(|_| transport(query)).collect();
    let (_connection, channel) = aside().await;
    for _ in 0..5 {
        let topic = topic();
        let mut starting = JoinSet::new();
        for (number, server) in servers.iter().enumerate() {
            let server = server.clone();
            let target = Target::new(&*topic).server(number.to_string());
            starting.spawn(async move { listen(&server, &target).await });
        }
        let mut listeners = starting.join_all().await;
        let fanout = Target::new(&*topic).fanout(true);
        let send = casting(Retry::Forever, false);
        let sent = servers[0].driver().send(&fanout, request("all"), &send);
        sent.await.unwrap();
        for listener in &mut listeners {
            assert_eq!(method_of(&next(listener).await), "all");
            listener.close().await;
        }
        delete_queue(&channel, &format!("{topic}_fanout")).await;
    }
    for server in servers {
        server.close().await;
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_new_server_runs_no_earlier_fanout() {
    let topic = topic();
    let query = "rabbit_transient_quorum_queue=true&rabbit_stream_fanout=true\
                 &rabbit_qos_prefetch_count=10";
    let client = transport(query);
    let fanout = Target::new(&*topic).fanout(true);
    let send = casting(Retry::Forever, false);
    // Each method must reach only the server that runs at the time.
    for method in ["one", "two", "three"] {
        let server = transport(query);
        let mut listener = listen(&server, &Target::new(&*topic).server("s")).await;
        client
            .driver()
            .send(&fanout, request(method), &send)
            .await
            .unwrap();
        assert_eq!(method_of(&next(&mut listener).await), method);
        listener.close().await;
        server.close().await;
    }
    client.close().await;
    let (_connection, channel) = aside().await;
    delete_queue(&channel, &format!("{topic}_fanout")).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn the_queue_for_fanouts_of_a_busy_server_does_not_expire() {
    /// The queue would expire after 2 s. The broker looks for expired quorum queues every 5 s.
    const EXPIRED: Duration = Duration::from_secs(12);
    let topic = topic();
    let transport = transport("rabbit_transient_quorum_queue=true&rabbit_transient_queues_ttl=2");
    let server = Target::new(&*topic).server("s");
    let mut listener = listen_with(&transport, &server, 1).await;
    let send = casting(Retry::Forever, false);
    let driver = transport.driver();
    driver.send(&server, request("long"), &send).await.unwrap();
    // It has the only permit: the queue for fanouts, a quorum queue, has no consumer.
    let long = next(&mut listener).await;
    let since = Instant::now();
    until("the queue would have expired", || async {
        since.elapsed() > EXPIRED
    })
    .await;
    let fanout = Target::new(&*topic).fanout(true);
    for name in ["first", "second"] {
        driver.send(&fanout, request(name), &send).await.unwrap();
    }
    drop(long);
    for name in ["first", "second"] {
        assert_eq!(method_of(&next(&mut listener).await), name);
    }
    listener.close().await;
    transport.close().await;
    let (_connection, channel) = aside().await;
    for queue in [&topic, &format!("{topic}.s")] {
        delete_queue(&channel, queue).await;
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_fanout_sent_while_a_servers_connection_is_cut_arrives() {
    let topic = topic();
    let query = "rabbit_transient_quorum_queue=true&rabbit_stream_fanout=true\
                 &rabbit_qos_prefetch_count=10";
    let relay = Relay::returning(&broker()).await;
    let address = relay.socket_address();
    let server = transport_at(&relay.address(), query);
    let client = transport(query);
    let mut listener = listen(&server, &Target::new(&*topic).server("s")).await;
    let started = SystemTime::now();
    drop(relay);
    // The broker stores the time of a fanout in whole seconds.
    let two_seconds = Duration::from_secs(2);
    until("two seconds have passed", || async {
        started
            .elapsed()
            .is_ok_and(|elapsed| elapsed >= two_seconds)
    })
    .await;
    let fanout = Target::new(&*topic).fanout(true);
    let send = casting(Retry::Forever, false);
    client
        .driver()
        .send(&fanout, request("first"), &send)
        .await
        .unwrap();
    let _relay = Relay::at(address, &broker()).await;
    assert_eq!(method_of(&next(&mut listener).await), "first");
    server.close().await;
    client.close().await;
    let (_connection, channel) = aside().await;
    delete_queue(&channel, &format!("{topic}_fanout")).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn an_exchange_with_another_durability_is_used_unchanged() {
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

/// Declares an exchange as nobody else does, so that the broker refuses the library's declaration.
async fn declare_otherwise(channel: &lapin::Channel, exchange: &str) {
    let kind = lapin::ExchangeKind::Headers;
    let options = ExchangeDeclareOptions::default();
    channel
        .exchange_declare(exchange.into(), kind, options, FieldTable::default())
        .await
        .unwrap();
}

async fn delete_exchange(channel: &lapin::Channel, exchange: &str) {
    let options = lapin::options::ExchangeDeleteOptions::default();
    channel
        .exchange_delete(exchange.into(), options)
        .await
        .unwrap();
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_refused_declaration_is_an_error_without_retries() {
    let topic = topic();
    let exchange = format!("x{topic}");
    let (_connection, channel) = aside().await;
    declare_otherwise(&channel, &exchange).await;
    let transport = transport("");
    let target = Target::new(&*topic).exchange(&*exchange).server("s");
    let terms = ListenTerms::new(1, 1);
    let listened = timeout(LONG, transport.driver().listen(&target, &terms)).await;
    let error = listened.expect("in time").map(drop).unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(&error, Error::Refused { .. }) && text.contains("'type'"),
        "{text}"
    );
    // A cast waits, as it does for a connection, unless it has no retries.
    let at_once = casting(Retry::Times(0), true);
    let error = transport
        .driver()
        .send(&target, request("m"), &at_once)
        .await
        .unwrap_err();
    assert!(matches!(&error, Error::Refused { .. }), "{error}");
    let patiently = casting(Retry::Forever, false);
    let mut cast = pin!(transport.driver().send(&target, request("m"), &patiently));
    let early = timeout(Duration::from_millis(300), &mut cast).await;
    assert!(early.is_err(), "{early:?}");
    delete_exchange(&channel, &exchange).await;
    timeout(LONG, cast).await.expect("in time").unwrap();
    transport.close().await;
}

/// After some refusals, the next attempt is seconds away.
#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_cast_whose_exchange_is_refused_ends_when_its_transport_is_closed() {
    let topic = topic();
    let exchange = format!("x{topic}");
    let (_connection, channel) = aside().await;
    declare_otherwise(&channel, &exchange).await;
    let transport = transport("");
    let target = Target::new(&*topic).exchange(&*exchange);
    let terms = casting(Retry::Forever, true);
    let mut cast = pin!(transport.driver().send(&target, request("m"), &terms));
    // The pauses are 0.1 s, 0.2 s, and so on, less a quarter: a pause of at least 2.4 s begins before 3.1 s are over.
    let early = timeout(Duration::from_millis(3200), &mut cast).await;
    assert!(early.is_err(), "{early:?}");
    transport.close().await;
    let ended = timeout(Duration::from_secs(1), cast).await;
    let error = ended.expect("at once").unwrap_err();
    assert!(matches!(&error, Error::Closed { .. }), "{error}");
    delete_exchange(&channel, &exchange).await;
}
