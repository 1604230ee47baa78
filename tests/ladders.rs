//! Version ladders: what a client sends under each cap, and what a server makes of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod recorder;

use std::time::Duration;

use recorder::Recorder;
use rpc_runtime::{
    AutoCap, CallOptions, Context, Error, Maybe, Result, Route, Server, Transport, Version,
    rpc_client,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a disk is asked to be, since 2.3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Spec {
    size: u32,
    kind: String,
}

fn size_and_kind(spec: &Spec) -> (u32, &str) {
    (spec.size, &spec.kind)
}

fn spec(size: u32, kind: String) -> Spec {
    Spec { size, kind }
}

/// Megabytes, for servers before 2.2.
fn megabytes(gigabytes: u32) -> u64 {
    u64::from(gigabytes) * 1024
}

fn gigabytes(megabytes: u64) -> u32 {
    u32::try_from(megabytes / 1024).unwrap_or(u32::MAX)
}

fn by_pool(cap: Option<Version>, pool: Option<&str>) -> Route {
    match (cap, pool) {
        (Some(cap), Some(pool)) if cap < Version::new(2, 4) => Route::new().server(pool),
        (_, Some(pool)) => Route::new().topic(format!("disks.{pool}")),
        (_, None) => Route::new(),
    }
}

#[rpc_client(
    topic = "disks",
    version = "2.0",
    aliases(ash = "2.1", "2024.2" = "2.4"),
    times(long = 1800, silence = 60)
)]
#[expect(clippy::too_many_arguments, reason = "one of each kind")]
trait Disks {
    /// Each kind of argument.
    async fn create(
        &self,
        ctxt: &Context,
        name: &str,
        #[rpc(since = "2.1", default = 3)] copies: u32,
        #[rpc(since = "2.2", below = drop)] hint: Option<&str>,
        #[rpc(since = "2.3", below = with(size_and_kind, "size", "kind"), from = spec)] spec: &Spec,
        #[rpc(until = "2.2")] bus: Option<&str>,
        #[rpc(name_before("2.4", "user"))] owner: Maybe<Option<String>>,
    ) -> Result<Vec<Value>>;

    /// Renamed, with an argument whose unit has changed.
    #[rpc(version = "2.1", name_before("2.3", "grow"))]
    async fn resize(
        &self,
        ctxt: &Context,
        #[rpc(name_before("2.3", "volume"))] disk: &str,
        #[rpc(since = "2.2", below = with(megabytes), from = gigabytes)] size: u32,
        #[rpc(since = "2.4", default = &[])] tags: &[String],
        #[rpc(since = "2.4", default)] label: &str,
    ) -> Result<Vec<Value>>;

    /// In both ways, and for as long as it is told.
    #[rpc(call, cast, monitor = silence)]
    async fn check(
        &self,
        ctxt: &Context,
        #[rpc(server)] host: Option<&str>,
        #[rpc(timeout)] within: Option<u32>,
    ) -> Result<Option<String>>;

    /// Where it goes depends on the cap.
    #[rpc(timeout = long, route = by_pool(pool))]
    async fn scan(&self, ctxt: &Context, #[rpc(route)] pool: Option<&str>) -> Result<String>;

    /// Over two majors.
    #[rpc(cast, versions("2.5", "1.3", "1.0"))]
    async fn forget(
        &self,
        ctxt: &Context,
        #[rpc(topic)] topic: &str,
        #[rpc(name_before("2.5", "id"))] disk: u32,
        #[rpc(since = "1.3", default = true)] wait: bool,
    ) -> Result<()>;
}

fn disk() -> Spec {
    Spec {
        size: 8,
        kind: "ssd".into(),
    }
}

/// What `create` sends with these under a cap: its stamp and its arguments.
async fn created(cap: (u32, u32), copies: u32, hint: Option<&str>) -> Result<(Value, Value)> {
    let (transport, sent) = Recorder::transport(json!([]));
    let disks = DisksClient::new(&transport);
    let owner = Maybe::Absent;
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
    let text = "the value of `copies` in a message for `create` needs version 2.1, which the version cap \
                2.0 excludes: leave it at its default, raise the cap once all servers are new enough, or \
                ask `can_send_version` first";
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
async fn names_of_old_are_used_for_servers_of_old() {
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
async fn a_version_that_is_asked_for_chooses_the_form() {
    let (transport, sent) = Recorder::transport(json!([]));
    let disks = DisksClient::new(&transport);
    let old = disks.prepare(CallOptions::new().version((2, 2)));
    old.resize(&Context::new(), "d", 2, &[], "").await.unwrap();
    let message = sent.take().message;
    assert_eq!(
        (&message["method"], &message["version"]),
        (&json!("grow"), &json!("2.2"))
    );
    // What refuses a value is then that version, and not a cap that would allow it.
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
        (Maybe::Absent, None),
        (Maybe::Given(None), Some(json!(null))),
        (Maybe::Given(Some("o".to_owned())), Some(json!("o"))),
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
    // Of a major that it has not, in the form that is nearest.
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
        ("oak", "`oak` is neither a version nor an alias"),
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
    assert!(
        capped("oak")
            .unwrap_err()
            .to_string()
            .contains("`ash`, `2024.2`")
    );
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

/// Answers what it got.
#[derive(Debug)]
struct Echo;

impl Disks for Echo {
    async fn create(
        &self,
        _: &Context,
        name: &str,
        copies: u32,
        hint: Option<&str>,
        spec: &Spec,
        bus: Option<&str>,
        owner: Maybe<Option<String>>,
    ) -> Result<Vec<Value>> {
        let owner = match owner {
            Maybe::Absent => json!("absent"),
            Maybe::Given(owner) => json!({"given": owner}),
        };
        Ok(vec![
            json!(name),
            json!(copies),
            json!(hint),
            json!(spec),
            json!(bus),
            owner,
        ])
    }

    async fn resize(
        &self,
        _: &Context,
        disk: &str,
        size: u32,
        tags: &[String],
        label: &str,
    ) -> Result<Vec<Value>> {
        Ok(vec![json!(disk), json!(size), json!(tags), json!(label)])
    }

    async fn check(
        &self,
        _: &Context,
        host: Option<&str>,
        _: Option<u32>,
    ) -> Result<Option<String>> {
        Ok(host.map(str::to_owned))
    }

    async fn scan(&self, _: &Context, pool: Option<&str>) -> Result<String> {
        Ok(format!("{pool:?}"))
    }

    async fn forget(&self, _: &Context, _: &str, _: u32, _: bool) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_server_takes_what_each_older_client_sends() {
    let transport = Transport::new("memory://ladders").unwrap();
    let server = Server::builder(&transport, "disks", "h1")
        .endpoint(DisksEndpoint::new(Echo))
        .start()
        .await
        .unwrap();
    let disks = DisksClient::new(&transport);
    let ctxt = Context::new();
    let spec = json!({"size": 8, "kind": "ssd"});
    for (cap, hint, bus) in [
        ((2, 4), json!("h"), json!(null)),
        ((2, 3), json!("h"), json!(null)),
        ((2, 2), json!("h"), json!(null)),
        ((2, 1), json!(null), json!("scsi")),
        ((2, 0), json!(null), json!("scsi")),
    ] {
        let owner = Maybe::Given(None);
        let got = disks
            .create(&ctxt, "d", 3, Some("h"), &disk(), Some("scsi"), owner)
            .version_cap(cap)
            .await
            .unwrap();
        let expected = vec![
            json!("d"),
            json!(3),
            hint,
            spec.clone(),
            bus,
            json!({"given": null}),
        ];
        assert_eq!(got, expected, "{cap:?}");
    }
    let absent = disks
        .create(&ctxt, "d", 4, None, &disk(), None, Maybe::Absent)
        .await
        .unwrap();
    assert_eq!((&absent[1], &absent[5]), (&json!(4), &json!("absent")));
    // A newer argument under an older stamp is not lost.
    let early = rpc_runtime::args! { name: "d", spec: spec };
    let got: Vec<Value> = disks.rpc().call(&ctxt, "create", early).await.unwrap();
    assert_eq!(got[3], spec);
    for cap in [(2, 4), (2, 3), (2, 2), (2, 1)] {
        let got = disks
            .resize(&ctxt, "d", 2, &[], "")
            .version_cap(cap)
            .await
            .unwrap();
        assert_eq!(got, [json!("d"), json!(2), json!([]), json!("")], "{cap:?}");
    }
    // What only routed is the server's own name and topic there, or its default.
    assert_eq!(
        disks.check(&ctxt, None, None).await.unwrap().as_deref(),
        Some("h1")
    );
    assert_eq!(
        disks
            .scan(&ctxt, Some("h1"))
            .version_cap((2, 0))
            .await
            .unwrap(),
        "None"
    );

    let newer = disks.rpc().prepare(CallOptions::new().version((2, 6)));
    let error = newer
        .call::<Value>(&ctxt, "scan", rpc_runtime::args! {})
        .await
        .unwrap_err();
    assert_eq!(error.remote().unwrap().class, "UnsupportedVersion");
    let both = rpc_runtime::args! { disk: "d", volume: "d", size: 2 };
    let error = disks
        .rpc()
        .call::<Value>(&ctxt, "resize", both)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("multiple values for argument 'disk'"),
        "{error}"
    );
    server.stop().await;
}

#[test]
fn the_interface_shows_all_of_it() {
    let interface = DisksClient::INTERFACE;
    assert_eq!(interface.version(), (2, 5).into());
    assert_eq!(interface.aliases()[0], ("ash", Version::new(2, 1)));
    let create = interface.method("create").unwrap();
    let versions: Vec<_> = create
        .versions()
        .map(|version| version.to_string())
        .collect();
    assert_eq!(versions, ["2.4", "2.3", "2.2", "2.1", "2.0"]);
    let copies = &create.arguments()[1];
    assert_eq!(
        (copies.since(), copies.default()),
        (Some((2, 1).into()), Some("3"))
    );
    let resize = interface.method("resize").unwrap();
    assert_eq!(resize.name_in((2, 2).into()), "grow");
    assert_eq!(
        interface.method("scan").unwrap().route(),
        Some("by_pool(pool)")
    );
}

fn joined(words: Option<Vec<String>>) -> String {
    words.unwrap_or_default().join(" ")
}

#[expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "from what is sent to the argument's type"
)]
fn parted(text: String) -> Option<Vec<String>> {
    Some(text.split(' ').map(str::to_owned).collect())
}

#[rpc_client(topic = "labels", version = "1.0")]
trait Labels {
    async fn label(
        &self,
        ctxt: &Context,
        #[rpc(since = "1.1", below = with(joined, "text"), from = parted)] words: Option<
            Vec<String>,
        >,
    ) -> Result<Vec<String>>;
}

struct Label;

impl Labels for Label {
    async fn label(&self, _: &Context, words: Option<Vec<String>>) -> Result<Vec<String>> {
        Ok(words.unwrap_or_else(|| vec!["none".into()]))
    }
}

#[tokio::test]
async fn what_holds_its_default_is_not_transformed() {
    let transport = Transport::new("memory://labels").unwrap();
    let builder = Server::builder(&transport, "labels", "s");
    let server = builder.endpoint(LabelsEndpoint::new(Label)).start();
    let server = server.await.unwrap();
    let labels = LabelsClient::new(&transport);
    let ctxt = Context::new();
    for cap in [(1, 0), (1, 1)] {
        let none = labels.label(&ctxt, None).version_cap(cap).await.unwrap();
        assert_eq!(none, ["none"], "{cap:?}");
        let two = labels
            .label(&ctxt, parted("a b".into()))
            .version_cap(cap)
            .await;
        assert_eq!(two.unwrap(), ["a", "b"], "{cap:?}");
    }
    server.stop().await;
}

#[rpc_client(topic = "labels", version = "1.0")]
trait Marks {
    #[rpc(version = "1.1", name_before("1.2", "label"))]
    async fn mark(&self, ctxt: &Context) -> Result<String>;
}

#[rpc_client(topic = "labels", version = "1.2")]
trait Tags {
    async fn label(&self, ctxt: &Context, #[rpc(timeout)] within: i64) -> Result<String>;
}

impl Marks for Label {
    async fn mark(&self, _: &Context) -> Result<String> {
        Ok("mark".into())
    }
}

impl Tags for Label {
    async fn label(&self, _: &Context, _: i64) -> Result<String> {
        Ok("label".into())
    }
}

#[tokio::test]
async fn a_name_of_old_hides_no_other_endpoints_method() {
    let transport = Transport::new("memory://marks").unwrap();
    let builder = Server::builder(&transport, "labels", "s")
        .endpoint(MarksEndpoint::new(Label))
        .endpoint(TagsEndpoint::new(Label));
    let server = builder.start().await.unwrap();
    let (marks, tags, ctxt) = (
        MarksClient::new(&transport),
        TagsClient::new(&transport),
        Context::new(),
    );
    assert_eq!(tags.label(&ctxt, 9).await.unwrap(), "label");
    let older = marks.mark(&ctxt).version_cap((1, 1));
    assert_eq!(older.await.unwrap(), "mark");
    server.stop().await;
}

#[tokio::test]
async fn a_time_must_be_one() {
    let (transport, _) = Recorder::transport(json!("ok"));
    let tags = TagsClient::new(&transport);
    let error = tags.label(&Context::new(), -1).await.unwrap_err();
    assert!(
        error.to_string().contains("give it a positive number"),
        "{error}"
    );
}
