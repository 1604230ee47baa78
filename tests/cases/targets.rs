//! The servers that a message reaches.

use super::*;

pub(crate) async fn fanout_reaches_every_server(world: World) {
    let mut stage = Bench::new(&world);
    let _servers = (
        stage.serve("a", 1).await,
        stage.serve("b", 1).await,
        stage.serve("c", 1).await,
    );
    let client = client(&world);
    client.note_all(&ctxt(), 1).await.unwrap();
    let all = |n| ["a", "b", "c"].map(|name| Seen::Note(name.into(), n));
    let got = [stage.next().await, stage.next().await, stage.next().await];
    assert_eq!(HashSet::from(got), HashSet::from(all(1)));
    // An option turns a cast into a fanout, and a fanout into a cast.
    client.note(&ctxt(), 2).fanout(true).await.unwrap();
    let got = [stage.next().await, stage.next().await, stage.next().await];
    assert_eq!(HashSet::from(got), HashSet::from(all(2)));
    client.note_all(&ctxt(), 3).fanout(false).await.unwrap();
    assert!(matches!(stage.next().await, Seen::Note(_, 3)));
    for name in ["a", "b", "c"] {
        client.whoami(&ctxt()).server(name).await.unwrap();
    }
    stage.assert_nothing_more();
}

pub(crate) async fn fanout_without_servers_is_no_error(world: World) {
    client(&world).note_all(&ctxt(), 1).await.unwrap();
}

pub(crate) async fn prepare_makes_a_fanout_a_cast_and_a_fanout_takes_no_server(world: World) {
    let mut stage = Bench::new(&world);
    let _servers = (stage.serve("a", 1).await, stage.serve("b", 1).await);
    let client = client(&world);
    let ctxt = ctxt();
    let error = client.note_all(&ctxt, 1).server("a").await.unwrap_err();
    assert!(matches!(error, Error::InvalidTarget { .. }), "{error:?}");
    let one = client.prepare(CallOptions::new().fanout(false).server("a"));
    one.note_all(&ctxt, 2).await.unwrap();
    assert_eq!(stage.next().await, Seen::Note("a".into(), 2));
    let all = one.prepare(CallOptions::new().fanout(true).server(None));
    all.note(&ctxt, 3).await.unwrap();
    let got = [stage.next().await, stage.next().await];
    let both = ["a", "b"].map(|name| Seen::Note(name.into(), 3));
    assert_eq!(HashSet::from(got), HashSet::from(both));
}

pub(crate) async fn servers_of_a_topic_take_turns(world: World) {
    let stage = Bench::new(&world);
    let _servers = (
        stage.serve("a", 8).await,
        stage.serve("b", 8).await,
        stage.serve("c", 8).await,
    );
    let client = client(&world);
    let mut turns = HashMap::new();
    for _ in 0..60 {
        *turns
            .entry(client.whoami(&ctxt()).await.unwrap())
            .or_insert(0) += 1;
    }
    assert_eq!(turns.len(), 3, "{turns:?}");
    assert!(turns.values().all(|count| *count >= 15), "{turns:?}");
}

pub(crate) async fn a_directed_call_reaches_the_one_server(world: World) {
    let stage = Bench::new(&world);
    let _servers = (stage.serve("a", 8).await, stage.serve("b", 8).await);
    let client = client(&world);
    for _ in 0..5 {
        assert_eq!(client.whoami(&ctxt()).server("b").await.unwrap(), "b");
    }
    let a = client.prepare(CallOptions::new().server("a"));
    for _ in 0..5 {
        assert_eq!(a.whoami(&ctxt()).await.unwrap(), "a");
    }
    let mut both = HashSet::new();
    for _ in 0..10 {
        both.insert(a.whoami(&ctxt()).server(None).await.unwrap());
    }
    assert_eq!(both.len(), 2);
}

pub(crate) async fn prepare_overrides_the_target(world: World) {
    let stage = Bench::new(&world);
    let exchange = format!("{}-x", world.topic);
    let topic = format!("{}-other", world.topic);
    let _server = Server::builder(&stage.transport, "there")
        .topic(&topic)
        .exchange(&exchange)
        .endpoint(stage.shelves("there"))
        .start()
        .await
        .unwrap();
    let client = client(&world);
    let elsewhere = CallOptions::new().exchange(&exchange).topic(&topic);
    assert_eq!(
        client.prepare(elsewhere).whoami(&ctxt()).await.unwrap(),
        "there"
    );
    let ctxt = ctxt();
    let call = client.whoami(&ctxt).exchange(&exchange).topic(&topic);
    assert_eq!(call.await.unwrap(), "there");
    let call = client
        .whoami(&ctxt)
        .exchange(&exchange)
        .topic(&topic)
        .namespace("none");
    assert_eq!(remote(call.await).class, "UnsupportedVersion");
    // The stamp of a message and the cap can be changed for one call.
    let there = client.prepare(CallOptions::new().exchange(&exchange).topic(&topic));
    let refused = remote(there.whoami(&ctxt).version((2, 9)).await);
    assert!(refused.message.contains("2.9"), "{refused}");
    let capped = there
        .whoami(&ctxt)
        .version((2, 3))
        .version_cap((2, 2))
        .await;
    assert!(
        matches!(capped, Err(Error::VersionCap { .. })),
        "{capped:?}"
    );
}

pub(crate) async fn a_topic_that_nobody_serves_is_an_error(world: World) {
    const SHORT: Duration = Duration::from_millis(300);
    let client = client(&world);
    let impatient = client.prepare(CallOptions::new().queue_wait(Duration::ZERO));
    for result in [
        impatient.note(&ctxt(), 1).await,
        impatient.whoami(&ctxt()).await.map(drop),
        impatient.whoami(&ctxt()).server("nobody").await.map(drop),
        // The cast waits for a queue within its `queue_wait`.
        client.note(&ctxt(), 1).queue_wait(SHORT).await,
        // The broker must return the message before the timeout.
        client
            .whoami(&ctxt())
            .timeout(Duration::from_secs(2))
            .await
            .map(drop),
        client.whoami(&ctxt()).queue_wait(SHORT).await.map(drop),
    ] {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Undeliverable { .. }), "{error:?}");
        assert!(error.to_string().contains(&world.topic), "{error}");
        assert!(!error.may_have_run());
    }
    client.note(&ctxt(), 1).mandatory(false).await.unwrap();
}

pub(crate) async fn a_message_without_a_queue_waits_for_a_server(world: World) {
    let stage = Bench::new(&world);
    let client = client(&world);
    let ctxt = ctxt();
    let mut called = pin!(client.whoami(&ctxt).into_future());
    let mut cast = pin!(client.note(&ctxt, 7).into_future());
    let early = tokio::time::timeout(Duration::from_millis(300), async {
        tokio::select! {
            early = &mut called => panic!("{early:?}"),
            early = &mut cast => panic!("{early:?}"),
        }
    });
    assert!(early.await.is_err(), "both wait");
    let _server = stage.serve("late", 1).await;
    let (called, cast) = tokio::join!(called, cast);
    assert_eq!(called.unwrap(), "late");
    cast.unwrap();
}

pub(crate) async fn a_call_refuses_fanout(world: World) {
    let client = client(&world).prepare(CallOptions::new().fanout(true));
    let error = client.whoami(&ctxt()).await.unwrap_err();
    assert!(matches!(error, Error::InvalidTarget { .. }), "{error:?}");
}
