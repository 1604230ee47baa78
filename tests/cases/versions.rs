//! Versions, caps, namespaces.

use super::*;

pub(crate) async fn the_version_cap_refuses_before_anything_is_sent(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let client = client(&world);
    assert!(client.can_send_version((9, 9)), "no cap takes everything");
    assert_eq!(client.newer(&ctxt(), 5).await.unwrap(), 5);
    let capped = client.prepare(CallOptions::new().version_cap((2, 2)));
    assert!(capped.can_send_version((2, 2)) && !capped.can_send_version((2, 3)));
    assert!(!capped.can_send_version((1, 0)), "another major");
    assert_eq!(capped.whoami(&ctxt()).await.unwrap(), "one");
    match capped.newer(&ctxt(), 5).await.unwrap_err() {
        Error::VersionCap {
            method,
            requested,
            cap,
            ..
        } => {
            assert_eq!(method, "newer");
            assert_eq!(requested, Some((2, 3).into()));
            assert_eq!(cap, (2, 2).into());
        }
        other => panic!("{other:?}"),
    }
    let uncapped = capped.prepare(CallOptions::new().version_cap(None));
    assert_eq!(uncapped.newer(&ctxt(), 6).await.unwrap(), 6);
}

pub(crate) async fn a_prepared_version_never_falls_below_the_methods_own(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let client = client(&world).prepare(CallOptions::new().version((2, 1)));
    assert_eq!(client.whoami(&ctxt()).await.unwrap(), "one");
    let capped = client.prepare(CallOptions::new().version_cap((2, 2)));
    let error = capped.newer(&ctxt(), 1).await.unwrap_err();
    assert!(matches!(error, Error::VersionCap { .. }), "{error:?}");
}

pub(crate) async fn an_older_server_refuses_a_newer_message(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let client = client(&world);
    for (version, taken) in [
        ((2, 0), true),
        ((2, 3), true),
        ((2, 4), false),
        ((3, 0), false),
        ((1, 0), false),
    ] {
        let result = client.whoami(&ctxt()).version(version).await;
        if taken {
            assert_eq!(result.unwrap(), "one");
        } else {
            let error = remote(result);
            assert!(
                error.is("oslo_messaging.rpc.dispatcher", "UnsupportedVersion"),
                "{error}"
            );
            assert_eq!(
                error.message,
                format!(
                    "Endpoint does not support RPC version {}.{}. Attempted method: whoami",
                    version.0, version.1
                )
            );
        }
    }
}

mod v1 {
    use super::{Context, Result, rpc_client};

    #[rpc_client(version = "1.2", namespace = "legacy")]
    pub(crate) trait OldStock {
        async fn whoami(&self, ctxt: &Context) -> Result<String>;
    }

    #[derive(Debug)]
    pub(crate) struct Old;

    impl OldStock for Old {
        async fn whoami(&self, _: &Context) -> Result<String> {
            Ok("old".into())
        }
    }
}

pub(crate) async fn namespaces_and_majors_live_side_by_side(world: World) {
    let stage = Bench::new(&world);
    let old = v1::OldStockEndpoint::new(v1::Old).legacy_namespaces([None, Some("older")]);
    assert_eq!(old.scope().interface().unwrap().version(), (1, 2).into());
    let _server = Server::builder(&stage.transport, "both")
        .topic(&world.topic)
        .endpoint(old)
        .endpoint(stage.shelves("new"))
        .start()
        .await
        .unwrap();
    let transport = world.transport();
    let old = v1::OldStockClient::new(&transport, &world.topic);
    assert_eq!(old.whoami(&ctxt()).await.unwrap(), "old");
    assert_eq!(old.whoami(&ctxt()).namespace("older").await.unwrap(), "old");
    assert_eq!(old.whoami(&ctxt()).namespace(None).await.unwrap(), "old");
    assert_eq!(
        remote(old.whoami(&ctxt()).namespace("other").await).class,
        "UnsupportedVersion"
    );
    assert_eq!(client(&world).whoami(&ctxt()).await.unwrap(), "new");
}
