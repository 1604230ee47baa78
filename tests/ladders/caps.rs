//! The caps and times of a client when it is built.

use super::*;

#[tokio::test]
async fn caps_are_resolved_when_the_client_is_built() {
    let (transport, _) = Recorder::transport(json!(null));
    let capped = |cap: &str| {
        DisksClient::builder(&transport)
            .version_cap_named(cap)
            .build()
    };
    assert_eq!(
        capped("ash").unwrap().rpc().version_cap(),
        Some((2, 1).into())
    );
    assert_eq!(
        capped("2024.2").unwrap().rpc().version_cap(),
        Some((2, 4).into())
    );
    assert_eq!(
        capped("2.3").unwrap().rpc().version_cap(),
        Some((2, 3).into())
    );
    for (cap, says) in [
        ("oak", "`oak` is neither a version nor a known name"),
        ("", "`` is neither"),
        (
            "3.0",
            "the version cap 3.0 excludes all of Disks, which begins with 1.0",
        ),
        ("0.9", "the version cap 0.9 excludes all of Disks"),
        ("auto", "`auto` needs a source"),
    ] {
        let error = capped(cap).unwrap_err();
        assert!(matches!(error, Error::Config(_)));
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn the_error_of_a_misspelt_cap_lists_the_names() {
    let (transport, _) = Recorder::transport(json!(null));
    let refused = |cap: &str| {
        let builder = DisksClient::builder(&transport).version_cap_named(cap);
        builder.build().unwrap_err().to_string()
    };
    let known = "or one of `ash`, `2024.2`, `auto`";
    for (cap, meant) in [
        ("aut", Some("auto")),
        ("Auto", Some("auto")),
        ("ahs", Some("ash")),
        ("2024-2", Some("2024.2")),
        ("oak", None),
        ("", None),
    ] {
        let error = refused(cap);
        assert!(error.contains(known), "{error}");
        let advice = meant.map(|meant| format!("did you mean `{meant}`?"));
        assert_eq!(
            error.contains("did you mean"),
            advice.is_some(),
            "{cap}: {error}"
        );
        assert!(
            error.ends_with(advice.as_deref().unwrap_or("`auto`")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_server_without_a_name_is_refused_before_anything_is_sent() {
    let (transport, sent) = Recorder::transport(json!(null));
    let builder = DisksClient::builder(&transport).server("");
    let error = builder.build().unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error}");
    let ctxt = Context::new();
    let disks = DisksClient::new(&transport);
    let nameless = disks.prepare(CallOptions::new().server(""));
    for refused in [
        disks.check(&ctxt, Some(""), None).await.map(|_| ()),
        disks.check(&ctxt, Some(""), None).cast().await,
        disks.check(&ctxt, None, None).server("").await.map(|_| ()),
        nameless.check(&ctxt, None, None).await.map(|_| ()),
        nameless
            .rpc()
            .cast(&ctxt, "check", rpc_runtime::args! {})
            .await,
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, Error::InvalidTarget { .. }), "{error}");
        assert!(
            error.to_string().contains("the server's name is empty"),
            "{error}"
        );
    }
    assert!(sent.take_all().is_empty());
}

#[tokio::test]
async fn a_timeout_of_0_that_an_argument_gives_is_sent_as_the_original_does() {
    let (transport, sent) = Recorder::transport(json!(null));
    let disks = DisksClient::new(&transport);
    let checked = disks.check(&Context::new(), None, Some(0)).await;
    assert_eq!(checked.unwrap(), None, "the reply was there at once");
    let call = sent.take();
    assert_eq!(call.timeout, Some(Duration::ZERO));
    assert_eq!(call.message["args"], json!({"within": 0}));
}

#[tokio::test]
async fn auto_is_the_lowest_reported_until_refreshed() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    let (transport, _) = Recorder::transport(json!(null));
    let (oldest, asked) = (Arc::new(AtomicU32::new(1)), Arc::new(AtomicU32::new(0)));
    let (reported, counted) = (oldest.clone(), asked.clone());
    let cap = AutoCap::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        let oldest = reported.load(Ordering::Relaxed);
        async move {
            match oldest {
                0 => Err(Error::Config("the registry is away".into())),
                oldest => Ok([Version::new(2, 9), Version::new(2, oldest)]),
            }
        }
    });
    let cap = cap.await.unwrap();
    let builder = DisksClient::builder(&transport).auto_cap(cap.clone());
    let disks = builder.version_cap_named("auto").build().unwrap();
    assert!(disks.can_send_version((2, 1)) && !disks.can_send_version((2, 2)));
    oldest.store(4, Ordering::Relaxed);
    assert!(!disks.can_send_version((2, 2)));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert_eq!(cap.refresh().await.unwrap(), Some((2, 4).into()));
    assert!(disks.can_send_version((2, 4)));
    oldest.store(0, Ordering::Relaxed);
    assert!(cap.refresh().await.is_err());
    assert_eq!(disks.rpc().version_cap(), Some((2, 4).into()));
}

#[tokio::test]
async fn times_are_the_clients_by_name() {
    let (transport, sent) = Recorder::transport(json!("ok"));
    let builder = DisksClient::builder(&transport).time("long", Duration::from_secs(5));
    let disks = builder.build().unwrap();
    disks.scan(&Context::new(), None).await.unwrap();
    assert_eq!(sent.take().timeout, Some(Duration::from_secs(5)));
    let builder = DisksClient::builder(&transport).time("lnog", Duration::from_secs(5));
    let error = builder.build().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no method has a time called `lnog`"),
        "{error}"
    );
}
