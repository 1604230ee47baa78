//! How quickly connections recover, and which conditions they tolerate.

use lapin::options::ExchangeDeleteOptions;
use rpc_runtime::transport::TransportState;
use tokio::time::Instant;

use super::*;

/// Makes a first call, which starts everything.
async fn warm_up(client: &Transport, target: &Target) {
    timeout(LONG, call(client, target))
        .await
        .expect("a first call in time")
        .unwrap();
}

#[test]
#[ignore = "needs RabbitMQ: tests/run"]
fn a_blocked_runtime_does_not_delay_heartbeats() {
    // The relay has its own runtime, which is not blocked.
    let relays = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let relay = relays.block_on(Relay::to(&broker()));
    let users = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    users.block_on(async {
        let transport = transport_at(&relay.address(), "heartbeat_timeout_threshold=2");
        let target = Target::new(topic());
        let listener = listen(&transport, &target.clone().server("s")).await;
        let server = serve(listener, "s");
        warm_up(&transport, &target).await;
        assert_eq!(relay.taken(), 2, "one to publish, one to consume");
        std::thread::sleep(Duration::from_secs(5));
        assert_eq!(call(&transport, &target).await.unwrap(), "s");
        assert_eq!(relay.taken(), 2, "no connection was lost");
        transport.close().await;
        server.await.unwrap();
    });
    drop(relay);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_half_open_connection_is_detected_within_the_interval() {
    const INTERVAL: Duration = Duration::from_secs(2);
    let target = Target::new(topic());
    let server = transport("");
    let serving = serve(listen(&server, &target.clone().server("s")).await, "s");
    let relay = Relay::to(&broker()).await;
    let client = transport_at(&relay.address(), "heartbeat_timeout_threshold=2");
    warm_up(&client, &target).await;
    let taken = relay.taken();
    let since = Instant::now();
    relay.silence(true);
    until("a new connection is tried", || async {
        relay.taken() > taken
    })
    .await;
    let noticed = since.elapsed();
    assert!(
        noticed < INTERVAL + Duration::from_millis(500),
        "{noticed:?}"
    );
    // The existing connections are cut. Only new ones work.
    relay.cut();
    relay.silence(false);
    let back = Instant::now();
    assert_eq!(call(&client, &target).await.unwrap(), "s");
    assert!(
        back.elapsed() < Duration::from_secs(1),
        "{:?}",
        back.elapsed()
    );
    client.close().await;
    server.close().await;
    serving.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn calls_work_within_a_second_of_the_brokers_return() {
    let target = Target::new(topic());
    let relay = Relay::returning(&broker()).await;
    let address = relay.socket_address();
    let transport = transport_at(&relay.address(), "");
    let listener = listen(&transport, &target.clone().server("s")).await;
    let serving = serve(listener, "s");
    warm_up(&transport, &target).await;
    drop(relay);
    // Long enough for the back-off to reach its maximum.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let relay = Relay::at(address, &broker()).await;
    let since = Instant::now();
    assert_eq!(call(&transport, &target).await.unwrap(), "s");
    let took = since.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    transport.close().await;
    serving.await.unwrap();
    drop(relay);
}

/// A readiness probe sees each state while the broker goes away and comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn the_state_of_a_transport_shows_a_lost_and_a_new_connection() {
    let target = Target::new(topic());
    let relay = Relay::returning(&broker()).await;
    let address = relay.socket_address();
    let transport = transport_at(&relay.address(), "");
    assert_eq!(transport.state(), TransportState::Idle);
    let listener = listen(&transport, &target.clone().server("s")).await;
    let serving = serve(listener, "s");
    warm_up(&transport, &target).await;
    let first = transport.state();
    let TransportState::Connected {
        since,
        broker: place,
        ..
    } = &first
    else {
        panic!("{first:?}");
    };
    assert!(place.contains(&address.port().to_string()), "{place}");
    drop(relay);
    let mut state = transport.state_changed(&first).await;
    // The state has the reason of the lost connection, and later that of the refused attempts.
    loop {
        match &state {
            TransportState::Connecting {
                since: lost, why, ..
            } => {
                assert!(lost > since, "{state:?}");
                if why.is_some() {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
        state = timeout(LONG, transport.state_changed(&state))
            .await
            .unwrap();
    }
    let relay = Relay::at(address, &broker()).await;
    while !state.is_connected() {
        state = timeout(LONG, transport.state_changed(&state))
            .await
            .unwrap();
    }
    assert_ne!(state, first);
    assert_eq!(call(&transport, &target).await.unwrap(), "s");
    transport.close().await;
    assert_eq!(transport.state(), TransportState::Closed);
    serving.await.unwrap();
    drop(relay);
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_silent_host_does_not_delay_the_others() {
    let silent = Relay::silent().await;
    let user = credentials();
    let url = format!("rabbit://{user}@{},{user}@{}/", silent.address(), broker());
    let mut met = 0;
    // The order of the hosts is random. The loop ends when the silent host was the first one three times.
    while met < 3 {
        let taken = silent.taken();
        let transport = Transport::new(&url).unwrap();
        let since = Instant::now();
        let send = casting(Retry::Times(0), false);
        let target = Target::new(topic());
        let driver = transport.driver();
        driver.send(&target, request("m"), &send).await.unwrap();
        let took = since.elapsed();
        assert!(took < Duration::from_secs(1), "{took:?}");
        met += usize::from(silent.taken() > taken);
        transport.close().await;
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_host_that_comes_back_is_found_while_another_hangs() {
    let silent = Relay::silent().await;
    let address = relay::closed_address().await;
    let user = credentials();
    let url = format!("rabbit://{user}@{},{user}@{address}/", silent.address());
    let transport = Transport::new(&url).unwrap();
    let target = Target::new(topic());
    let send = casting(Retry::Forever, false);
    let driver = transport.driver();
    let sending = async {
        driver.send(&target, request("m"), &send).await.unwrap();
        Instant::now()
    };
    let returning = async {
        // This host refuses connections while the other one hangs.
        until("the silent host is tried", || async { silent.taken() > 0 }).await;
        tokio::time::sleep(Duration::from_millis(900)).await;
        (Instant::now(), Relay::at(address, &broker()).await)
    };
    let (sent, (back, _relay)) = tokio::join!(sending, returning);
    assert!(sent - back < Duration::from_secs(1), "{:?}", sent - back);
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_deleted_queue_is_declared_again_at_once() {
    let target = Target::new(topic());
    let transport = transport("");
    let mut listener = listen(&transport, &target.clone().server("s")).await;
    let (called, reply_queue) = tokio::join!(call(&transport, &target), async {
        let incoming = next(&mut listener).await;
        answer(&incoming, "s").await;
        reply_to(&incoming).queue
    });
    called.unwrap();
    let serving = serve(listener, "s");
    let (connection, channel) = aside().await;
    for queue in [&target.topic, &reply_queue] {
        delete_queue(&channel, queue).await;
        let since = Instant::now();
        until("the queue is back", || queue_exists(&connection, queue)).await;
        let took = since.elapsed();
        assert!(took < Duration::from_millis(500), "{queue}: {took:?}");
    }
    transport.close().await;
    serving.await.unwrap();
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn queues_of_a_deleted_exchange_are_bound_again() {
    let target = Target::new(topic()).exchange(topic());
    let transport = transport("");
    let mut listener = listen(&transport, &target.clone().server("s")).await;
    let (_connection, channel) = aside().await;
    for deleted in [target.exchange_name(), &format!("{}_fanout", target.topic)] {
        let delete = channel.exchange_delete(deleted.into(), ExchangeDeleteOptions::default());
        delete.await.unwrap();
    }

    // A caller binds the queue of an existing server that its message does not reach, within the call.
    let since = Instant::now();
    for to in [target.clone(), target.clone().server("s")] {
        let (called, ()) = tokio::join!(call(&transport, &to), async {
            answer(&next(&mut listener).await, "s").await;
        });
        called.unwrap();
    }
    let took = since.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");

    // The sender of a fanout cannot know which queues it did not reach. Servers bind those queues again
    // periodically.
    let all = target.clone().fanout(true);
    let send = casting(Retry::Times(0), false);
    let sending = async {
        loop {
            transport
                .driver()
                .send(&all, request("fanned"), &send)
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let arrived = timeout(Duration::from_secs(45), async {
        tokio::select! {
            never = sending => never,
            arrived = listener.next() => arrived,
        }
    });
    let Some(Arrival::Request(arrived)) = arrived.await.expect("bound again") else {
        panic!("the listener has ended");
    };
    assert_eq!(method_of(&arrived), "fanned");
    transport.close().await;
}
