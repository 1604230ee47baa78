//! The start and the end of servers, and the close of transports.

use super::*;

pub(crate) async fn casts_wait_for_a_server_to_come_back(world: World) {
    let mut stage = Bench::new(&world);
    stage.serve("one", 1).await.stop().await;
    let client = client(&world);
    for n in 0..3 {
        client.note(&ctxt(), n).await.unwrap();
    }
    let _server = stage.serve("two", 1).await;
    for n in 0..3 {
        assert_eq!(stage.next().await, Seen::Note("two".into(), n));
    }
}

pub(crate) async fn the_concurrency_limit_leaves_the_rest_to_other_servers(world: World) {
    let mut stage = Bench::new(&world);
    let _first = stage.serve("a", 2).await;
    let client = client(&world);
    let calls: Vec<_> = (0..6)
        .map(|id| {
            let client = client.clone();
            tokio::spawn(async move { client.wait(&ctxt(), id).await })
        })
        .collect();
    for _ in 0..2 {
        assert!(matches!(stage.next().await, Seen::Waiting(name, _) if name == "a"));
    }
    // Another server gets the requests that the full server has not begun, except one prefetch beyond its permits.
    let _second = stage.serve("b", 6).await;
    for _ in 0..2 {
        assert!(matches!(stage.next().await, Seen::Waiting(name, _) if name == "b"));
    }
    for _ in 0..20 {
        stage.release.notify_waiters();
        stage.release.notify_one();
        tokio::task::yield_now().await;
    }
    let mut done = Vec::new();
    for call in calls {
        while !call.is_finished() {
            stage.release.notify_waiters();
            tokio::task::yield_now().await;
        }
        done.push(call.await.unwrap().unwrap());
    }
    assert_eq!(done, [0, 1, 2, 3, 4, 5]);
}

pub(crate) async fn stop_finishes_running_requests_and_requeues_the_rest(world: World) {
    let mut stage = Bench::new(&world);
    let first = stage.serve("a", 1).await;
    let client = client(&world);
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.wait(&ctxt(), 1).await }
    });
    assert_eq!(stage.next().await, Seen::Waiting("a".into(), 1));
    for n in 0..3 {
        client.note(&ctxt(), n).await.unwrap();
    }
    let stopping = tokio::spawn(first.stop());
    // Another server takes over the queue while the begun request continues. The prefetched request returns late.
    let _second = stage.serve("b", 1).await;
    let given_back = [stage.next().await, stage.next().await, stage.next().await];
    let all = [0, 1, 2].map(|n| Seen::Note("b".into(), n));
    assert_eq!(HashSet::from(given_back), HashSet::from(all));
    assert!(!stopping.is_finished());
    stage.release.notify_one();
    assert_eq!(running.await.unwrap().unwrap(), 1);
    let report = stopping.await.unwrap();
    assert_eq!((report.finished, report.cut_off), (1, 0));
}

pub(crate) async fn stop_cuts_off_at_its_limit(world: World) {
    let mut stage = Bench::new(&world);
    let server = stage.serve("a", 2).await;
    let client = client(&world);
    let call = tokio::spawn(async move { client.wait(&ctxt(), 1).await });
    assert_eq!(stage.next().await, Seen::Waiting("a".into(), 1));
    let report = server.stop_within(Duration::from_millis(50)).await;
    assert_eq!((report.finished, report.cut_off), (0, 1));
    call.abort();
}

pub(crate) async fn closing_the_transport_ends_its_calls(world: World) {
    let mut stage = Bench::new(&world);
    let server = stage.serve("one", 2).await;
    let transport = world.transport();
    let client = StockClient::new(&transport, &world.topic);
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.wait(&ctxt(), 1).await }
    });
    assert_eq!(stage.next().await, Seen::Waiting("one".into(), 1));
    transport.close().await;
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error:?}");
    assert!(matches!(
        client.note(&ctxt(), 1).await,
        Err(Error::Closed { .. })
    ));
    assert!(matches!(
        client.whoami(&ctxt()).await,
        Err(Error::Closed { .. })
    ));
    let other = StockClient::new(&world.transport(), &world.topic);
    assert_eq!(other.whoami(&ctxt()).await.unwrap(), "one");
    // The close of its transport ends a server.
    stage.release.notify_one();
    stage.transport.close().await;
    assert!(server.stop().await.is_clean());
}
