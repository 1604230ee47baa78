//! What a client sends under each cap.

use super::*;

/// The message of `create` with these arguments under a cap: its stamp and its arguments.
async fn created(cap: (u32, u32), copies: u32, hint: Option<&str>) -> Result<(Value, Value)> {
    let (transport, sent) = Recorder::transport(json!([]));
    let disks = DisksClient::new(&transport);
    let owner = MaybeAbsent::Absent;
    let (bus, spec) = (Some("scsi"), disk());
    disks
        .create(&Context::new(), "d", copies, hint, &spec, bus, owner)
        .version_cap(cap)
        .await?;
    let message = sent.take().message;
    Ok((message["version"].clone(), message["args"].clone()))
}

#[tokio::test]
async fn each_rung_sends_what_its_servers_know() {
    let spec = json!({"size": 8, "kind": "ssd"});
    let rungs = [
        (
            (2, 9),
            "2.4",
            json!({"name": "d", "copies": 3, "hint": "h", "spec": spec}),
        ),
        (
            (2, 4),
            "2.4",
            json!({"name": "d", "copies": 3, "hint": "h", "spec": spec}),
        ),
        (
            (2, 3),
            "2.3",
            json!({"name": "d", "copies": 3, "hint": "h", "spec": spec}),
        ),
        (
            (2, 2),
            "2.2",
            json!({"name": "d", "copies": 3, "hint": "h", "size": 8, "kind": "ssd"}),
        ),
        (
            (2, 1),
            "2.1",
            json!({"name": "d", "copies": 3, "size": 8, "kind": "ssd", "bus": "scsi"}),
        ),
        (
            (2, 0),
            "2.0",
            json!({"name": "d", "size": 8, "kind": "ssd", "bus": "scsi"}),
        ),
    ];
    for (cap, stamp, args) in rungs {
        let sent = created(cap, 3, Some("h")).await.unwrap();
        assert_eq!(sent, (json!(stamp), args), "{cap:?}");
    }
}

#[tokio::test]
async fn a_value_that_matters_is_refused_by_name_below() {
    let error = created((2, 0), 4, None).await.unwrap_err();
    let text = "the value of `copies` in a message for `create` needs version 2.1, but the version cap or the call's \
                `version` allows 2.0 at most: leave it at its default, or raise the version once all servers are new \
                enough";
    assert_eq!(error.to_string(), text);
    let Error::VersionCap {
        method,
        argument,
        requested,
        cap,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(
        (method.as_str(), argument.as_deref()),
        ("create", Some("copies"))
    );
    assert_eq!((requested, cap), (Some((2, 1).into()), (2, 0).into()));
    assert!(created((2, 1), 4, None).await.is_ok());
}

#[tokio::test]
async fn old_servers_get_old_names() {
    let (transport, sent) = Recorder::transport(json!([]));
    let disks = DisksClient::new(&transport);
    let ctxt = Context::new();
    for (cap, method, args) in [
        (
            (2, 4),
            "resize",
            json!({"disk": "d", "size": 2, "tags": [], "label": ""}),
        ),
        ((2, 3), "resize", json!({"disk": "d", "size": 2})),
        ((2, 2), "grow", json!({"volume": "d", "size": 2})),
        ((2, 1), "grow", json!({"volume": "d", "size": 2048})),
    ] {
        disks
            .resize(&ctxt, "d", 2, &[], "")
            .version_cap(cap)
            .await
            .unwrap();
        let message = sent.take().message;
        assert_eq!(message["method"], method);
        assert_eq!(message["args"], args);
    }
    let capped = disks
        .resize(&ctxt, "d", 2, &[], "")
        .version_cap((2, 0))
        .await;
    assert!(matches!(
        capped,
        Err(Error::VersionCap { argument: None, .. })
    ));
    let label = disks
        .resize(&ctxt, "d", 2, &[], "x")
        .version_cap((2, 3))
        .await;
    assert!(
        matches!(label, Err(Error::VersionCap { argument: Some(name), .. }) if name == "label")
    );
}

#[tokio::test]
async fn a_requested_version_determines_the_form() {
    let (transport, sent) = Recorder::transport(json!([]));
    let disks = DisksClient::new(&transport);
    let old = disks.prepare(CallOptions::new().version((2, 2)));
    old.resize(&Context::new(), "d", 2, &[], "").await.unwrap();
    let message = sent.take().message;
    assert_eq!(
        (&message["method"], &message["version"]),
        (&json!("grow"), &json!("2.2"))
    );
    // The error then names that version, and not the cap, which would allow the value.
    let error = old
        .resize(&Context::new(), "d", 2, &[], "x")
        .version_cap((2, 9))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::VersionCap { cap, .. } if cap == (2, 2).into()));
}

#[tokio::test]
async fn absent_is_not_null() {
    let (transport, sent) = Recorder::transport(json!([]));
    let disks = DisksClient::new(&transport);
    let (ctxt, spec) = (Context::new(), disk());
    for (owner, expected) in [
        (MaybeAbsent::Absent, None),
        (MaybeAbsent::Given(None), Some(json!(null))),
        (MaybeAbsent::Given(Some("o".to_owned())), Some(json!("o"))),
    ] {
        disks
            .create(&ctxt, "d", 3, None, &spec, None, owner.clone())
            .await
            .unwrap();
        assert_eq!(sent.take().message["args"].get("owner"), expected.as_ref());
        let older = disks.create(&ctxt, "d", 3, None, &spec, None, owner);
        older.version_cap((2, 3)).await.unwrap();
        assert_eq!(sent.take().message["args"].get("user"), expected.as_ref());
    }
}

#[tokio::test]
async fn arguments_that_route_are_not_sent() {
    let (transport, sent) = Recorder::transport(json!("ok"));
    let disks = DisksClient::new(&transport);
    let ctxt = Context::new();

    disks.check(&ctxt, Some("h1"), Some(7)).await.unwrap();
    let call = sent.take();
    assert_eq!(call.target.server.as_deref(), Some("h1"));
    assert_eq!(call.message["args"], json!({"within": 7}));
    assert_eq!(call.timeout, Some(Duration::from_secs(7)));
    assert_eq!(call.monitor, Some(Duration::from_secs(60)));

    disks
        .check(&ctxt, Some("h1"), None)
        .server("h2")
        .await
        .unwrap();
    let call = sent.take();
    assert_eq!(call.target.server.as_deref(), Some("h2"));
    assert_eq!(call.timeout, Some(Duration::from_secs(60)));

    disks.forget(&ctxt, "old-disks", 1, true).await.unwrap();
    assert_eq!(sent.take().target.topic, "old-disks");

    for (cap, topic, server) in [((2, 3), "disks", Some("p1")), ((2, 4), "disks.p1", None)] {
        disks
            .scan(&ctxt, Some("p1"))
            .version_cap(cap)
            .await
            .unwrap();
        let call = sent.take();
        assert_eq!(
            (call.target.topic.as_str(), call.target.server.as_deref()),
            (topic, server)
        );
        assert_eq!(call.message["args"], json!({}));
        assert_eq!(call.timeout, Some(Duration::from_secs(1800)));
    }
    let chosen = disks.scan(&ctxt, Some("p1")).topic("other");
    chosen.await.unwrap();
    assert_eq!(sent.take().target.topic, "other");
}

#[tokio::test]
async fn one_method_is_called_and_cast() {
    let (transport, sent) = Recorder::transport(json!("answer"));
    let disks = DisksClient::new(&transport);
    let ctxt = Context::new();
    assert_eq!(
        disks.check(&ctxt, None, None).await.unwrap().as_deref(),
        Some("answer")
    );
    assert!(sent.take().is_call);
    disks
        .check(&ctxt, None, None)
        .server("h")
        .cast()
        .await
        .unwrap();
    let cast = sent.take();
    assert!(!cast.is_call);
    assert_eq!(cast.target.server.as_deref(), Some("h"));
}

#[tokio::test]
async fn a_list_of_versions_spans_majors() {
    let (transport, sent) = Recorder::transport(json!(null));
    let disks = DisksClient::new(&transport);
    let ctxt = Context::new();
    for (cap, stamp, args) in [
        ((2, 6), "2.5", json!({"disk": 1, "wait": true})),
        ((1, 9), "1.3", json!({"id": 1, "wait": true})),
        ((1, 2), "1.0", json!({"id": 1})),
    ] {
        disks
            .forget(&ctxt, "t", 1, true)
            .version_cap(cap)
            .await
            .unwrap();
        let message = sent.take().message;
        assert_eq!(
            (&message["version"], &message["args"]),
            (&json!(stamp), &args)
        );
    }
    let refused = disks.forget(&ctxt, "t", 1, true).version_cap((2, 4)).await;
    let needed = Some(Version::new(2, 5));
    assert!(matches!(refused, Err(Error::VersionCap { requested, .. }) if requested == needed));
    // In a major that the method does not have, it has the nearest form.
    disks
        .forget(&ctxt, "t", 1, true)
        .version((3, 0))
        .await
        .unwrap();
    let message = sent.take().message;
    assert_eq!(
        (&message["version"], &message["args"]),
        (&json!("3.0"), &json!({"disk": 1, "wait": true}))
    );
}
