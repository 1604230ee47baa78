//! Calls, casts and fanouts without faults, and without servers.

use super::*;

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
        while let Some(Arrival::Request(incoming)) = listener.next().await {
            let method = method_of(&incoming);
            tokio::spawn(async move { answer(&incoming, &method).await });
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
async fn a_fanout_reaches_all_servers_and_needs_none() {
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
        assert_eq!(method_of(&next(listener).await), "all");
    }
    let error = transport
        .driver()
        .call(&everybody, request("m"), &terms(LONG))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::InvalidTarget { .. }), "{error}");
    // The broker deletes the exchange with its last queue. The next fanout declares it again.
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
async fn a_topic_without_servers_is_an_error_unless_not_mandatory() {
    let transport = transport("");
    let target = Target::new(topic());
    let driver = transport.driver();
    let mut strict = casting(Retry::Forever, true);
    strict.queue_wait = Duration::ZERO;
    let error = driver
        .call(
            &target,
            request("m"),
            &CallTerms::new(strict.clone(), LONG, None),
        )
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Undeliverable { .. }), "{error}");
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
