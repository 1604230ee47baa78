//! The state of a transport, pings of a server, and the end of `run_until`.

use rpc_runtime::transport::TransportState;
use tokio::sync::oneshot;

use super::*;

pub(crate) async fn a_transport_says_how_it_is(world: World) {
    let stage = Bench::new(&world);
    let server = stage.serve("one", 1).await;
    let transport = world.transport();
    let client = StockClient::new(&transport, &world.topic);
    assert!(!matches!(transport.state(), TransportState::Closed));
    assert_eq!(client.whoami(&ctxt()).await.unwrap(), "one");
    let connected = transport.state();
    assert!(connected.is_connected(), "{connected:?}");
    let next = tokio::spawn({
        let (transport, connected) = (transport.clone(), connected.clone());
        async move { transport.state_changed(&connected).await }
    });
    transport.close().await;
    // Until then, the two connections may end one after the other.
    let mut state = next.await.unwrap();
    while state != TransportState::Closed {
        state = transport.state_changed(&state).await;
    }
    assert_eq!(transport.state(), TransportState::Closed);
    // `state_changed` returns at once if the state differs from the given one.
    assert_eq!(
        transport.state_changed(&connected).await,
        TransportState::Closed
    );
    server.stop().await;
}

pub(crate) async fn a_server_that_allows_pings_answers_them(world: World) {
    let transport = world.transport();
    let stage = Bench::new(&world);
    let builder = Server::builder(&transport, "one")
        .topic(&world.topic)
        .endpoint(stage.shelves("one"))
        .ping(true);
    let server = builder.start().await.unwrap();
    let rpc = RpcClient::new(&transport, Target::new(&world.topic));
    let pong = rpc.call::<String>(&(), "oslo_rpc_server_ping", args! {});
    assert_eq!(pong.await.unwrap(), "pong");
    // A ping works for any interface.
    let target = Target::new(&world.topic)
        .server("one")
        .namespace("none")
        .version((7, 1));
    let client = RpcClient::new(&transport, target).prepare(CallOptions::new().version_cap((7, 2)));
    client.ping().await.unwrap();
    let nobody = client.prepare(
        CallOptions::new()
            .server("two")
            .timeout(Duration::from_millis(200)),
    );
    let error = nobody.ping().await.unwrap_err();
    assert!(
        error.is_timeout() || matches!(error, Error::Undeliverable { .. }),
        "{error:?}"
    );
    server.stop().await;

    let mute = stage.serve("three", 1).await;
    let refused = client.prepare(CallOptions::new().server("three"));
    assert_eq!(remote(refused.ping().await).class, "UnsupportedVersion");
    mute.stop().await;
}

pub(crate) async fn a_server_runs_until_a_future_ends_or_its_transport_is_closed(world: World) {
    let mut stage = Bench::new(&world);
    let server = stage.serve("one", 1).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run_until(stopped));
    let client = client(&world);
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.wait(&ctxt(), 1).await }
    });
    assert_eq!(stage.next().await, Seen::Waiting("one".into(), 1));
    stop.send(()).unwrap();
    // The running request ends.
    stage.release.notify_one();
    assert_eq!(call.await.unwrap().unwrap(), 1);
    // The request may have ended before the stop began.
    let report = running.await.unwrap();
    assert!(report.is_clean() && report.finished <= 1, "{report:?}");

    let server = stage.serve("two", 1).await;
    let running = tokio::spawn(server.run_until(std::future::pending::<()>()));
    assert_eq!(client.whoami(&ctxt()).await.unwrap(), "two");
    stage.transport.close().await;
    assert!(running.await.unwrap().is_clean());
}
