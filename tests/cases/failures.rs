//! Errors of a server, as its callers see them.

use super::*;

pub(crate) async fn an_unknown_method_is_a_remote_error(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let client = client(&world);
    for name in ["nosuch", "_private", "whoami_twice", "new", ""] {
        let error = remote(client.rpc().call::<()>(&ctxt(), name, args! {}).await);
        assert!(
            error.is("oslo_messaging.rpc.dispatcher", "NoSuchMethod"),
            "{error}"
        );
        assert_eq!(
            error.message,
            format!("Endpoint does not support RPC method {name}")
        );
        assert!(!error.traceback.is_empty());
    }
}

pub(crate) async fn wrong_arguments_are_remote_errors_that_name_them(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let client = client(&world);
    let rpc = client.rpc();
    let unknown = remote(
        rpc.call::<u32>(&ctxt(), "newer", args! { n: 1, nope: 2 })
            .await,
    );
    assert!(unknown.is("builtins", "TypeError"), "{unknown}");
    assert!(
        unknown
            .message
            .contains("unexpected keyword argument 'nope'"),
        "{unknown}"
    );
    let missing = remote(rpc.call::<u32>(&ctxt(), "newer", args! {}).await);
    assert!(missing.is("builtins", "TypeError"), "{missing}");
    assert!(missing.message.contains("'n'"), "{missing}");
    for value in [json!("x"), json!(256), json!(null), json!(1.5)] {
        let bad = remote(rpc.call::<u32>(&ctxt(), "newer", args! { n: value }).await);
        assert!(bad.is("builtins", "ValueError"), "{bad}");
        assert!(bad.message.contains("'n'"), "{bad}");
    }
    assert_eq!(
        rpc.call::<u8>(&ctxt(), "newer", args! { n: 255 })
            .await
            .unwrap(),
        255
    );
}

pub(crate) async fn a_remote_error_keeps_all_its_parts(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let error = client(&world).boom(&ctxt()).await.unwrap_err();
    assert!(error.may_have_run());
    let error = remote(Err::<(), _>(error));
    assert_eq!(
        (error.class.as_str(), error.module.as_str()),
        ("Boom", "stock.exceptions")
    );
    assert_eq!(error.message, "because — 你好");
    assert_eq!(error.args, [json!("because"), json!(3)]);
    assert_eq!(error.kwargs["id"], 7);
    assert_eq!(
        error.traceback,
        ["Traceback (most recent call last):\n", "Boom\n"]
    );
}

pub(crate) async fn a_typed_error_crosses_the_wire(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    match client(&world).pick(&ctxt(), "A-7").await {
        Err(StockError::Empty { shelf }) => assert_eq!(shelf, "A-7"),
        other => panic!("{other:?}"),
    }
    let impatient = client(&world).prepare(CallOptions::new().queue_wait(Duration::ZERO));
    match impatient.pick(&ctxt(), "A-7").server("nobody").await {
        Err(StockError::Rpc(Error::Undeliverable { .. })) => {}
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn a_panic_is_a_remote_error_and_the_server_goes_on(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let client = client(&world);
    for _ in 0..3 {
        let error = remote(client.panic(&ctxt()).await);
        assert_eq!(error.message, "the handler panicked: a bug in the handler");
    }
    assert_eq!(client.whoami(&ctxt()).await.unwrap(), "one");
}

pub(crate) async fn each_error_names_the_method(world: World) {
    #[track_caller]
    fn names<T: std::fmt::Debug>(result: Result<T>, method: &str) -> Error {
        let error = result.unwrap_err();
        assert_eq!(error.method(), Some(method), "{error}");
        assert!(
            error.to_string().contains(&format!("`{method}`")),
            "{error}"
        );
        error
    }

    let stage = Bench::new(&world);
    let transport = world.transport();
    let client = StockClient::new(&transport, &world.topic);
    let ctxt = ctxt();
    let at_once = client.prepare(CallOptions::new().queue_wait(Duration::ZERO));
    let unserved = names(at_once.note(&ctxt, 1).await, "note");
    assert!(
        matches!(unserved, Error::Undeliverable { .. }),
        "{unserved}"
    );
    let _server = stage.serve("one", 4).await;
    let late = names(client.wait_briefly(&ctxt).await, "wait_briefly");
    assert!(late.is_timeout());
    let raised = names(client.boom(&ctxt).await, "boom");
    assert!(matches!(raised, Error::Remote(_)), "{raised}");
    let fanout = client.prepare(CallOptions::new().fanout(true));
    let refused = names(fanout.whoami(&ctxt).await, "whoami");
    assert!(matches!(refused, Error::InvalidTarget { .. }), "{refused}");
    let capped = client.prepare(CallOptions::new().version_cap((2, 0)));
    let capped = names(capped.newer(&ctxt, 1).await, "newer");
    assert!(matches!(capped, Error::VersionCap { .. }), "{capped}");
    let rpc = client.rpc();
    let unread = names(rpc.call::<u8>(&ctxt, "whoami", args! {}).await, "whoami");
    assert!(matches!(unread, Error::Deserialize { .. }), "{unread}");
    let unwritten = HashMap::from([((1, 2), 3)]);
    let unwritten = names(
        rpc.call::<()>(&ctxt, "echo", args! { value: unwritten })
            .await,
        "echo",
    );
    assert!(matches!(unwritten, Error::Serialize { .. }), "{unwritten}");
    let small = StockClient::builder(&transport, &world.topic).max_reply_size(10);
    let small = names(small.build().unwrap().whoami(&ctxt).await, "whoami");
    assert!(matches!(small, Error::TooLarge { .. }), "{small}");
    transport.close().await;
    names(client.note_all(&ctxt, 1).await, "note_all");
    let closed = names(client.whoami(&ctxt).await, "whoami");
    assert!(matches!(closed, Error::Closed { .. }), "{closed}");
    let closed = names(rpc.cast(&ctxt, "any", args! {}).await, "any");
    assert!(matches!(closed, Error::Closed { .. }), "{closed}");
}
