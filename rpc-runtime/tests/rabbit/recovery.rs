//! How soon connections come back, and what they withstand.

use lapin::options::ExchangeDeleteOptions;
use rpc_runtime::transport::TransportState;
use tokio::time::Instant;

use super::*;

/// A first call that starts everything, and then the time that one more takes.
async fn warm_up(client: &Transport, target: &Target) {
    timeout(LONG, call(client, target))
        .await
        .expect("a first call in time")
        .unwrap();
}

#[test]
#[ignore = "needs RabbitMQ: tests/run"]
fn a_blocked_runtime_starves_no_heartbeat() {
    // The relay must not be blocked with the user.
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
async fn a_half_open_connection_is_noticed_within_the_interval() {
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
    // Those that stand stay dead; only new ones get through.
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
    let relay = Relay::to(&broker()).await;
    let port = relay.port();
    let transport = transport_at(&relay.address(), "");
    let listener = listen(&transport, &target.clone().server("s")).await;
    let serving = serve(listener, "s");
    warm_up(&transport, &target).await;
    drop(relay);
    // Long enough for the longest wait between two attempts to be reached.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let relay = Relay::at(port, &broker()).await;
    let since = Instant::now();
    assert_eq!(call(&transport, &target).await.unwrap(), "s");
    let took = since.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    transport.close().await;
    serving.await.unwrap();
    drop(relay);
}

/// What a readiness probe is told while the broker goes and comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn the_state_says_that_the_broker_is_gone_and_that_it_is_back() {
    let target = Target::new(topic());
    let relay = Relay::to(&broker()).await;
    let port = relay.port();
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
    assert!(place.contains(&port.to_string()), "{place}");
    drop(relay);
    let mut state = transport.state_changed(&first).await;
    // The connection that is lost says why; the attempts that follow are refused.
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
    let relay = Relay::at(port, &broker()).await;
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
async fn a_silent_host_does_not_hold_the_others_up() {
    let silent = Relay::silent().await;
    let user = credentials();
    let url = format!("rabbit://{user}@{},{user}@{}/", silent.address(), broker());
    let mut met = 0;
    // The order of the hosts is chance: until the silent one has come first, thrice.
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
async fn a_host_that_comes_back_is_found_beside_one_that_hangs() {
    let silent = Relay::silent().await;
    let port = relay::closed_port().await;
    let user = credentials();
    let url = format!(
        "rabbit://{user}@{},{user}@127.0.0.1:{port}/",
        silent.address()
    );
    let transport = Transport::new(&url).unwrap();
    let target = Target::new(topic());
    let send = casting(Retry::Forever, false);
    let driver = transport.driver();
    let sending = async {
        driver.send(&target, request("m"), &send).await.unwrap();
        Instant::now()
    };
    let returning = async {
        // It is refused, while the other one hangs.
        until("the silent host is tried", || async { silent.taken() > 0 }).await;
        tokio::time::sleep(Duration::from_millis(900)).await;
        (Instant::now(), Relay::at(port, &broker()).await)
    };
    let (sent, (back, _relay)) = tokio::join!(sending, returning);
    assert!(sent - back < Duration::from_secs(1), "{:?}", sent - back);
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_deleted_queue_is_back_at_once() {
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
async fn what_was_bound_to_a_deleted_exchange_is_bound_again() {
    let target = Target::new(topic()).exchange(topic());
    let transport = transport("");
    let mut listener = listen(&transport, &target.clone().server("s")).await;
    let (_connection, channel) = aside().await;
    for deleted in [target.exchange_name(), &format!("{}_fanout", target.topic)] {
        let delete = channel.exchange_delete(deleted.into(), ExchangeDeleteOptions::default());
        delete.await.unwrap();
    }

    // Whoever calls a server that exists but is not reached binds its queue, within the call.
    let since = Instant::now();
    for to in [target.clone(), target.clone().server("s")] {
        let (called, ()) = tokio::join!(call(&transport, &to), async {
            answer(&next(&mut listener).await, "s").await;
        });
        called.unwrap();
    }
    let took = since.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");

    // Nobody can tell whom a fanout did not reach: servers bind those queues by themselves, in time.
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
