//! Timeouts, expiry, monitors, dropped calls.

use super::*;

/// Fails unless the call had its confirm, and waited for its reply.
#[track_caller]
fn assert_reply_was_late(error: &Error) {
    let waited = matches!(
        error,
        Error::Timeout {
            waiting_for: Stage::Reply,
            ..
        }
    );
    assert!(waited, "{error:?}");
}

/// Makes a call that no server begins until its time is over, also at the broker.
async fn expire(client: &StockClient, id: u32) {
    let timeout = Duration::from_secs(1);
    let error = client.wait(&ctxt(), id).timeout(timeout).await.unwrap_err();
    assert_reply_was_late(&error);
    // The time of the message begins when the broker gets it, which is after the start of the call.
    tokio::time::sleep(timeout / 2).await;
}

pub(crate) async fn a_call_ends_at_its_timeout_and_the_client_goes_on(world: World) {
    let mut stage = Bench::new(&world);
    let _server = stage.serve("one", 4).await;
    let client = client(&world);
    client.whoami(&ctxt()).await.unwrap();
    let timeout = Duration::from_secs(1);
    let started = tokio::time::Instant::now();
    let error = client.wait(&ctxt(), 1).timeout(timeout).await.unwrap_err();
    let took = started.elapsed();
    // The client's own timeout is a minute.
    assert!(took >= timeout && took < timeout * 20, "{took:?}");
    assert!(error.is_timeout() && error.may_have_run());
    assert_reply_was_late(&error);
    assert_eq!(stage.next().await, Seen::Waiting("one".into(), 1));
    // No call waits for the late reply. The next call gets its own reply.
    stage.release.notify_one();
    assert_eq!(client.whoami(&ctxt()).await.unwrap(), "one");
}

pub(crate) async fn the_timeout_comes_from_call_then_method_then_client(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 8).await;
    let client: StockClient = StockClient::builder(&world.transport(), &world.topic)
        .timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    let limit = |error: Error| match error {
        Error::Timeout { timeout, .. } => timeout,
        other => panic!("{other:?}"),
    };
    let of_client = client.wait(&ctxt(), 1).await.unwrap_err();
    assert_eq!(limit(of_client), Duration::from_millis(300));
    let of_method = client.wait_briefly(&ctxt()).await.unwrap_err();
    assert_eq!(limit(of_method), Duration::from_millis(200));
    let of_call = client
        .wait_briefly(&ctxt())
        .timeout(Duration::from_millis(100))
        .await
        .unwrap_err();
    assert_eq!(limit(of_call), Duration::from_millis(100));
}

pub(crate) async fn a_call_that_expired_in_the_queue_is_not_run(world: World) {
    let mut stage = Bench::new(&world);
    let server = stage.serve("one", 1).await;
    let client = client(&world);
    // The client connects, so that the timeout counts only the next call's own time.
    client.whoami(&ctxt()).await.unwrap();
    server.stop().await;
    expire(&client, 1).await;
    let _server = stage.serve("one", 1).await;
    client.note(&ctxt(), 2).await.unwrap();
    assert_eq!(stage.next().await, Seen::Note("one".into(), 2));
    stage.assert_nothing_more();
}

pub(crate) async fn an_expired_call_does_not_delay_later_ones(world: World) {
    let mut stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let client = client(&world);
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.wait(&ctxt(), 1).await }
    });
    assert_eq!(stage.next().await, Seen::Waiting("one".into(), 1));
    // The busy server has prefetched this request, and its call times out meanwhile.
    expire(&client, 2).await;
    client.note(&ctxt(), 3).await.unwrap();
    stage.release.notify_one();
    assert_eq!(running.await.unwrap().unwrap(), 1);
    assert_eq!(stage.next().await, Seen::Note("one".into(), 3));
    stage.assert_nothing_more();
}

pub(crate) async fn a_monitored_call_outlives_the_silence_it_allows(world: World) {
    let mut stage = Bench::new(&world);
    let _server = stage.serve("one", 2).await;
    let client = client(&world);
    let silence = Duration::from_secs(3);
    let call = tokio::spawn(async move { client.wait(&ctxt(), 9).monitor(silence).await });
    assert_eq!(stage.next().await, Seen::Waiting("one".into(), 9));
    tokio::time::sleep(silence * 4 / 3).await; // time itself is what is tested
    assert!(!call.is_finished());
    stage.release.notify_one();
    assert_eq!(call.await.unwrap().unwrap(), 9);
}

pub(crate) async fn a_monitored_call_fails_when_its_server_falls_silent(world: World) {
    let mut stage = Bench::new(&world);
    let server = stage.serve("one", 2).await;
    let client = client(&world);
    let silence = Duration::from_millis(200);
    let call = tokio::spawn(async move { client.wait(&ctxt(), 9).monitor(silence).await });
    assert_eq!(stage.next().await, Seen::Waiting("one".into(), 9));
    assert_eq!(server.stop_within(Duration::ZERO).await.cut_off, 1);
    let error = call.await.unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            Error::Timeout {
                waiting_for: Stage::Heartbeat,
                ..
            }
        ),
        "{error:?}"
    );
}

pub(crate) async fn a_monitor_of_zero_asks_for_none(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let call = client(&world);
    let ctxt = ctxt();
    let got = call.whoami(&ctxt).monitor(Duration::ZERO).await;
    assert_eq!(got.unwrap(), "one");
}

pub(crate) async fn a_dropped_call_leaves_the_client_usable(world: World) {
    let mut stage = Bench::new(&world);
    let _server = stage.serve("one", 64).await;
    let client = client(&world);
    let ctxt = ctxt();
    for id in 0..20 {
        tokio::select! {
            biased;
            seen = stage.next() => assert_eq!(seen, Seen::Waiting("one".into(), id)),
            done = client.wait(&ctxt, id) => panic!("{done:?}"),
        }
    }
    assert_eq!(client.whoami(&ctxt).await.unwrap(), "one");
}
