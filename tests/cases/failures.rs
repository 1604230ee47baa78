//! What goes wrong in a server, and how its callers hear of it.

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
