//! The errors of callers and servers when connections, queues and brokers fail.

use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use lapin::types::AMQPValue;

use super::*;

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn an_error_has_the_number_of_attempts_and_the_last_reason() {
    let closed = relay::closed_address().await;
    let quick = "rabbit_retry_interval=0.01&rabbit_retry_backoff=0";
    let transport = transport_at(&closed.to_string(), quick);
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
            reason.contains("refused") && reason.contains(&closed.port().to_string()),
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
    let closed = relay::closed_address().await;
    let refused = transport_at(&closed.to_string(), "");
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
async fn an_error_names_what_the_broker_refuses() {
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
    let incoming = next(&mut listener).await;
    relay.cut();
    answer(&incoming, "late").await;
    assert_eq!(waiting.await.unwrap().unwrap(), "late");
    // The next call works over the new connection.
    serve(listener, "again");
    assert_eq!(call(&client, &Target::new(topic)).await.unwrap(), "again");
    client.close().await;
    server.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn requests_not_acknowledged_before_a_cut_come_over_the_next_connection() {
    let topic = topic();
    let relay = Relay::to(&broker()).await;
    let server = transport_at(&relay.address(), "");
    let client = transport("");
    let mut listener = listen_with(&server, &Target::new(&*topic).server("s"), 1).await;
    let target = Target::new(&*topic);
    let send = casting(Retry::Forever, true);
    for method in ["one", "two"] {
        client
            .driver()
            .send(&target, request(method), &send)
            .await
            .unwrap();
    }
    let taken = next(&mut listener).await;
    assert_eq!(method_of(&taken), "one");
    relay.cut();
    // The permit is still in use. A call that arrives meanwhile is not run, and times out.
    let time = terms(Duration::from_millis(500));
    let called = client.driver().call(&target, request("late"), &time).await;
    assert!(matches!(called, Err(Error::Timeout { .. })), "{called:?}");
    drop(taken);
    assert_eq!(method_of(&next(&mut listener).await), "two");
    client.close().await;
    server.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_deleted_queue_is_declared_and_consumed_again() {
    let topic = topic();
    let transport = transport("");
    let mut listener = listen(&transport, &Target::new(&*topic).server("s")).await;
    let (transport, target) = (&transport, &Target::new(&*topic));
    let (called, reply_queue) = tokio::join!(call(transport, target), async {
        let incoming = next(&mut listener).await;
        answer(&incoming, "s").await;
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
async fn a_deleted_exchange_is_declared_again() {
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
async fn another_host_is_used_when_one_is_dead() {
    let silent = Relay::silent().await;
    let closed = relay::closed_address().await;
    let user = credentials();
    for _ in 0..4 {
        let url = format!(
            "rabbit://{user}@{closed},{user}@{},{user}@{}/?rabbit_connect_timeout=0.2\
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_reply_that_its_queue_always_rejects_releases_its_permit() {
    let (_connection, channel) = aside().await;
    let (target, full) = (Target::new(topic()), topic());
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(0));
    arguments.insert(
        "x-overflow".into(),
        AMQPValue::LongString("reject-publish".into()),
    );
    let options = QueueDeclareOptions {
        exclusive: true,
        ..QueueDeclareOptions::default()
    };
    let declared = channel.queue_declare(full.as_str().into(), options, arguments);
    declared.await.unwrap();

    let serving = transport("kombu_missing_consumer_retry_timeout=1");
    // One request at a time.
    let mut listener = listen_with(&serving, &target.clone().server("s"), 1).await;
    for _ in 0..3 {
        let body = request("m").call(MessageId::unique(), &full, None);
        let publish = channel.basic_publish(
            "".into(),
            target.topic.as_str().into(),
            BasicPublishOptions::default(),
            &body,
            BasicProperties::default(),
        );
        publish.await.unwrap();
    }
    // The first reply holds a permit for replies. The second reply holds the permit of its request.
    for _ in 0..2 {
        let incoming = next(&mut listener).await;
        let to = reply_to(&incoming);
        let responder = incoming.responder.clone();
        let sent = responder.reply(&to, success(&to, "s").unwrap());
        timeout(LONG, sent).await.expect("it ends").unwrap();
    }
    next(&mut listener).await;
    listener.close().await;
    serving.close().await;
}
