//! The contents of messages: arguments, results, contexts, casts.

use super::*;

pub(crate) async fn a_call_returns_what_the_method_returns(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 4).await;
    let client = client(&world);
    let host = Host {
        name: "db-1 你好 \"q\" \\ \n".into(),
        disks: vec![0, u64::MAX],
        note: None,
    };
    let names = ["a".to_owned(), "b".to_owned()];
    let got = client
        .host(&ctxt(), &host, &names, Some("t"))
        .await
        .unwrap();
    assert_eq!(
        got,
        Host {
            name: format!("{}/a+b/t", host.name),
            ..host.clone()
        }
    );
    let got = client.host(&ctxt(), &host, &[], None).await.unwrap();
    assert_eq!(got.name, format!("{}//-", host.name));
    let value = json!({"n": null, "t": true, "f": -1.5e300, "i": i64::MIN, "u": u64::MAX, "s": "\u{0}\u{7f}\u{1F40E}", "l": [[], {}, [1]], "": ""});
    assert_eq!(client.echo(&ctxt(), value.clone()).await.unwrap(), value);
}

pub(crate) async fn a_cast_runs_once_and_returns_nothing(world: World) {
    let mut stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let client = client(&world);
    client.note(&ctxt(), 7).await.unwrap();
    assert_eq!(stage.next().await, Seen::Note("one".into(), 7));
    // With one permit, the cast has ended when this call has.
    client.whoami(&ctxt()).await.unwrap();
    stage.assert_nothing_more();
}

pub(crate) async fn casts_of_one_task_run_in_order(world: World) {
    let mut stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let client = client(&world);
    for n in 0..100 {
        client.note(&ctxt(), n).await.unwrap();
    }
    for n in 0..100 {
        assert_eq!(stage.next().await, Seen::Note("one".into(), n));
    }
}

pub(crate) async fn the_context_travels_with_unknown_keys(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let ctxt = Context::new()
        .with_request_id("req-9")
        .with_user("žluťoučký")
        .with_roles(["a", "b"])
        .with("x \"key\"", json!({"nested": [1, null]}))
        .unwrap();
    assert_eq!(client(&world).context(&ctxt).await.unwrap(), ctxt);
    assert_eq!(
        client(&world).context(&Context::new()).await.unwrap(),
        Context::new()
    );
}

/// A serializer that wraps each entity and marks each context.
#[derive(Debug)]
struct Wrapping;

impl Serializer for Wrapping {
    fn serialize_entity(&self, entity: Value) -> Result<Value> {
        Ok(json!({ "wrapped": entity }))
    }
    fn deserialize_entity(&self, mut entity: Value) -> Result<Value> {
        Ok(entity["wrapped"].take())
    }
    fn serialize_context(&self, mut context: Map<String, Value>) -> Result<Map<String, Value>> {
        context.insert("sent".into(), true.into());
        Ok(context)
    }
    fn deserialize_context(&self, mut context: Map<String, Value>) -> Result<Map<String, Value>> {
        context.insert("received".into(), true.into());
        Ok(context)
    }
}

pub(crate) async fn the_serializer_hook_sees_everything_both_ways(world: World) {
    let stage = Bench::new(&world);
    let server = Server::builder(&stage.transport, "hooked")
        .topic(&world.topic)
        .endpoint(stage.shelves("hooked"))
        .serializer(Wrapping);
    let _server = server.start().await.unwrap();
    let client: StockClient = StockClient::builder(&world.transport(), &world.topic)
        .serializer(Wrapping)
        .build()
        .unwrap();
    assert_eq!(client.newer(&ctxt(), 3).await.unwrap(), 3);
    let got = client.context(&ctxt()).await.unwrap();
    assert_eq!(got.get::<bool>("sent").unwrap(), Some(true));
    assert_eq!(got.get::<bool>("received").unwrap(), Some(true));
    // Without the serializer, the wrapped value is visible.
    let bare = self::client(&world)
        .rpc()
        .call::<Value>(&ctxt(), "whoami", args! {})
        .await;
    assert_eq!(bare.unwrap(), json!({ "wrapped": "hooked" }));
}

pub(crate) async fn the_untyped_client_and_typed_server_agree(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let rpc = RpcClient::new(
        &world.transport(),
        Target::new(&world.topic).version((2, 0)),
    );
    let ctxt = json!({ "request_id": "r" });
    assert_eq!(
        rpc.call::<String>(&ctxt, "whoami", args! {}).await.unwrap(),
        "one"
    );
    let n = 4;
    let newer = rpc.prepare(CallOptions::new().version((2, 3)));
    assert_eq!(
        newer.call::<u8>(&ctxt, "newer", args! { n }).await.unwrap(),
        4
    );
    let map = Map::from_iter([("n".to_owned(), json!(5))]);
    assert_eq!(newer.call::<u8>(&(), "newer", &map).await.unwrap(), 5);
    let error = rpc.call::<u8>(&3, "newer", &map).await.unwrap_err();
    assert!(error.to_string().contains("must be an object"), "{error}");
    let error = rpc.call::<u8>(&(), "whoami", args! {}).await.unwrap_err();
    assert!(matches!(error, Error::Deserialize { .. }), "{error:?}");
    // A message without a version counts as 1.0.
    let unversioned = RpcClient::new(&world.transport(), Target::new(&world.topic));
    let error = remote(unversioned.call::<String>(&(), "whoami", args! {}).await);
    assert!(error.message.contains("1.0"), "{error}");
    let capped = unversioned.prepare(CallOptions::new().version_cap((2, 0)));
    let error = capped
        .call::<String>(&(), "whoami", args! {})
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::VersionCap {
                requested: None,
                ..
            }
        ),
        "{error:?}"
    );
}

pub(crate) async fn a_large_argument_crosses(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let value = Value::String("\"\\é\n".repeat(200_000));
    assert_eq!(
        client(&world).echo(&ctxt(), value.clone()).await.unwrap(),
        value
    );
}

pub(crate) async fn messages_that_are_too_large_fail_alone(world: World) {
    const MOST: usize = 10_000;
    let mut stage = Bench::new(&world);
    let server = Server::builder(&stage.transport, "one")
        .topic(&stage.topic)
        .endpoint(stage.shelves("one"))
        .max_request_size(MOST)
        .start()
        .await
        .unwrap();
    let client = client(&world);
    for size in [MOST, 50 * MOST] {
        let large = Value::String("x".repeat(size));
        let refused = remote(client.echo(&ctxt(), large).await);
        assert_eq!(refused.class, "ValueError");
        assert!(refused.message.contains("reads 10000 at most"), "{refused}");
    }
    let large = Context::new().with_request_id("x".repeat(MOST));
    client.note(&large, 1).await.unwrap();
    client.note(&ctxt(), 2).await.unwrap();
    assert_eq!(stage.next().await, Seen::Note("one".into(), 2));

    server.stop().await;
    let _server = stage.serve("one", 1).await;
    let choosy: StockClient = StockClient::builder(&world.transport(), &world.topic)
        .max_reply_size(1000)
        .build()
        .unwrap();
    for value in ["x".repeat(1000), "x\"".repeat(100_000)] {
        let error = choosy.echo(&ctxt(), Value::String(value.clone())).await;
        let error = error.unwrap_err();
        let Error::TooLarge { size, limit, .. } = error else {
            panic!("{error}");
        };
        assert!(size > value.len(), "{size}");
        assert_eq!(limit, 1000);
        assert!(error.may_have_run());
    }
    let small = Value::String("x".repeat(500));
    assert_eq!(choosy.echo(&ctxt(), small.clone()).await.unwrap(), small);
}

pub(crate) async fn floats_arrive_to_the_last_bit(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    // An inexact parser would read one in ten of these numbers with a wrong last bit.
    let floats: Vec<f64> = (1..2000)
        .map(|n| f64::from(n) * 0.012_703_000_000_1)
        .collect();
    let got = client(&world).echo(&ctxt(), json!(floats)).await.unwrap();
    let got: Vec<f64> = serde_json::from_value(got).unwrap();
    assert_eq!(got, floats);
}

pub(crate) async fn a_provided_method_composes_others(world: World) {
    async fn twice(stock: impl Stock + 'static) -> (String, String) {
        tokio::spawn(async move { stock.whoami_twice(&ctxt()).await })
            .await
            .unwrap()
            .unwrap()
    }

    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    assert_eq!(twice(client(&world)).await, ("one".into(), "one".into()));
}
