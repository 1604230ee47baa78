//! The cases of the behaviour suite.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use rpc_runtime::{
    CallOptions, Context, Endpoint, Error, IntoRemoteError, RemoteError, Result, RpcClient,
    Serializer, Server, Stage, Target, Transport, args, rpc_client,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::{Notify, mpsc};

use super::World;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Host {
    name: String,
    disks: Vec<u64>,
    note: Option<String>,
}

/// An error of the API's own.
#[derive(Debug, IntoRemoteError)]
#[rpc(module = "stock.exceptions")]
pub(crate) enum StockError {
    #[rpc(message = "{shelf} is empty")]
    Empty { shelf: String },
    #[rpc(other)]
    Rpc(Error),
}

#[rpc_client(version = "2.0")]
pub(crate) trait Stock {
    async fn host(
        &self,
        ctxt: &Context,
        host: &Host,
        names: &[String],
        tag: Option<&str>,
    ) -> Result<Host>;
    async fn whoami(&self, ctxt: &Context) -> Result<String>;
    #[rpc(version = "2.3")]
    async fn newer(&self, ctxt: &Context, n: u8) -> Result<u8>;
    async fn echo(&self, ctxt: &Context, value: Value) -> Result<Value>;
    async fn context(&self, ctxt: &Context) -> Result<Context>;
    async fn boom(&self, ctxt: &Context) -> Result<()>;
    async fn pick(&self, ctxt: &Context, shelf: &str) -> Result<u32, StockError>;
    async fn panic(&self, ctxt: &Context) -> Result<()>;
    /// Returns when the test lets it.
    async fn wait(&self, ctxt: &Context, id: u32) -> Result<u32>;
    #[rpc(timeout = 0.2)]
    async fn wait_briefly(&self, ctxt: &Context) -> Result<()>;
    #[rpc(cast)]
    async fn note(&self, ctxt: &Context, n: u32) -> Result<()>;
    #[rpc(cast, fanout)]
    async fn note_all(&self, ctxt: &Context, n: u32) -> Result<()>;

    /// Two calls in one.
    async fn whoami_twice(&self, ctxt: &Context) -> Result<(String, String)> {
        Ok((self.whoami(ctxt).await?, self.whoami(ctxt).await?))
    }
}

/// What a server saw.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Seen {
    Note(String, u32),
    Waiting(String, u32),
}

#[derive(Debug)]
struct Shelves {
    name: String,
    seen: mpsc::UnboundedSender<Seen>,
    release: Arc<Notify>,
}

impl Stock for Shelves {
    async fn host(
        &self,
        _: &Context,
        host: &Host,
        names: &[String],
        tag: Option<&str>,
    ) -> Result<Host> {
        let name = format!("{}/{}/{}", host.name, names.join("+"), tag.unwrap_or("-"));
        Ok(Host {
            name,
            ..host.clone()
        })
    }
    async fn whoami(&self, _: &Context) -> Result<String> {
        Ok(self.name.clone())
    }
    async fn newer(&self, _: &Context, n: u8) -> Result<u8> {
        Ok(n)
    }
    async fn echo(&self, _: &Context, value: Value) -> Result<Value> {
        Ok(value)
    }
    async fn context(&self, ctxt: &Context) -> Result<Context> {
        Ok(ctxt.clone())
    }
    async fn boom(&self, _: &Context) -> Result<()> {
        let error = RemoteError::new("Boom", "because — 你好")
            .module("stock.exceptions")
            .args([json!("because"), json!(3)])
            .kwarg("id", 7)
            .traceback(["Traceback (most recent call last):\n", "Boom\n"]);
        Err(error.into())
    }
    async fn pick(&self, _: &Context, shelf: &str) -> Result<u32, StockError> {
        Err(StockError::Empty {
            shelf: shelf.into(),
        })
    }
    async fn panic(&self, _: &Context) -> Result<()> {
        panic!("a bug in the handler");
    }
    async fn wait(&self, _: &Context, id: u32) -> Result<u32> {
        let _ = self.seen.send(Seen::Waiting(self.name.clone(), id));
        self.release.notified().await;
        Ok(id)
    }
    async fn wait_briefly(&self, _: &Context) -> Result<()> {
        std::future::pending().await
    }
    async fn note(&self, _: &Context, n: u32) -> Result<()> {
        let _ = self.seen.send(Seen::Note(self.name.clone(), n));
        Ok(())
    }
    async fn note_all(&self, ctxt: &Context, n: u32) -> Result<()> {
        self.note(ctxt, n).await
    }
}

/// Servers and what they saw.
struct Bench {
    transport: Transport,
    topic: String,
    sender: mpsc::UnboundedSender<Seen>,
    seen: mpsc::UnboundedReceiver<Seen>,
    release: Arc<Notify>,
}

impl Bench {
    fn new(world: &World) -> Self {
        let (sender, seen) = mpsc::unbounded_channel();
        Self {
            transport: world.transport(),
            topic: world.topic.clone(),
            sender,
            seen,
            release: Arc::default(),
        }
    }

    fn shelves(&self, name: &str) -> StockEndpoint<Shelves> {
        StockEndpoint::new(Shelves {
            name: name.into(),
            seen: self.sender.clone(),
            release: self.release.clone(),
        })
    }

    async fn serve(&self, name: &str, concurrency: usize) -> Server {
        Server::builder(&self.transport, &self.topic, name)
            .endpoint(self.shelves(name))
            .concurrency(concurrency)
            .start()
            .await
            .unwrap()
    }

    async fn next(&mut self) -> Seen {
        self.seen.recv().await.unwrap()
    }

    /// Nothing more has been seen, once everything that was sent before has been.
    fn assert_nothing_more(&mut self) {
        assert_eq!(self.seen.try_recv().ok(), None);
    }
}

fn client(world: &World) -> StockClient {
    StockClient::new(&world.transport(), &world.topic)
}

fn ctxt() -> Context {
    Context::new().with_request_id("req-1")
}

fn remote<T: std::fmt::Debug>(result: Result<T>) -> RemoteError {
    match result.unwrap_err() {
        Error::Remote(remote) => *remote,
        other => panic!("no remote error: {other:?}"),
    }
}

pub(super) async fn a_call_returns_what_the_method_returns(world: World) {
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

pub(super) async fn a_cast_runs_once_and_returns_nothing(world: World) {
    let mut stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let client = client(&world);
    client.note(&ctxt(), 7).await.unwrap();
    assert_eq!(stage.next().await, Seen::Note("one".into(), 7));
    // With one permit, the cast's whole way is over once this call is.
    client.whoami(&ctxt()).await.unwrap();
    stage.assert_nothing_more();
}

pub(super) async fn casts_of_one_task_run_in_order(world: World) {
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

pub(super) async fn fanout_reaches_every_server(world: World) {
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
    // A cast becomes a fanout by an option, and the other way round.
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

pub(super) async fn fanout_without_servers_is_no_error(world: World) {
    client(&world).note_all(&ctxt(), 1).await.unwrap();
}

pub(super) async fn a_fanout_can_be_prepared_away_and_has_no_server(world: World) {
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

pub(super) async fn a_prepared_version_never_falls_below_the_methods_own(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let client = client(&world).prepare(CallOptions::new().version((2, 1)));
    assert_eq!(client.whoami(&ctxt()).await.unwrap(), "one");
    let capped = client.prepare(CallOptions::new().version_cap((2, 2)));
    let error = capped.newer(&ctxt(), 1).await.unwrap_err();
    assert!(matches!(error, Error::VersionCap { .. }), "{error:?}");
}

pub(super) async fn servers_of_a_topic_take_turns(world: World) {
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

pub(super) async fn a_directed_call_reaches_the_one_server(world: World) {
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

pub(super) async fn prepare_overrides_the_target(world: World) {
    let stage = Bench::new(&world);
    let exchange = format!("{}-x", world.topic);
    let topic = format!("{}-other", world.topic);
    let _server = Server::builder(&stage.transport, &topic, "there")
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
    // The stamp of a message may be changed, and the cap for one call.
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

pub(super) async fn a_topic_that_nobody_serves_is_an_error(world: World) {
    let client = client(&world);
    for result in [
        client.note(&ctxt(), 1).await,
        client.whoami(&ctxt()).await.map(drop),
        client.whoami(&ctxt()).server("nobody").await.map(drop),
    ] {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Undeliverable { .. }), "{error:?}");
        assert!(error.to_string().contains(&world.topic), "{error}");
        assert!(!error.may_have_run());
    }
    client.note(&ctxt(), 1).mandatory(false).await.unwrap();
}

pub(super) async fn a_call_refuses_fanout(world: World) {
    let client = client(&world).prepare(CallOptions::new().fanout(true));
    let error = client.whoami(&ctxt()).await.unwrap_err();
    assert!(matches!(error, Error::InvalidTarget { .. }), "{error:?}");
}

pub(super) async fn the_version_cap_refuses_before_anything_is_sent(world: World) {
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

pub(super) async fn an_older_server_refuses_a_newer_message(world: World) {
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

pub(super) async fn an_unknown_method_is_a_remote_error(world: World) {
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

pub(super) async fn wrong_arguments_are_remote_errors_that_name_them(world: World) {
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

pub(super) async fn a_remote_error_keeps_all_its_parts(world: World) {
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

pub(super) async fn a_typed_error_crosses_the_wire(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    match client(&world).pick(&ctxt(), "A-7").await {
        Err(StockError::Empty { shelf }) => assert_eq!(shelf, "A-7"),
        other => panic!("{other:?}"),
    }
    match client(&world).pick(&ctxt(), "A-7").server("nobody").await {
        Err(StockError::Rpc(Error::Undeliverable { .. })) => {}
        other => panic!("{other:?}"),
    }
}

pub(super) async fn a_panic_is_a_remote_error_and_the_server_goes_on(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let client = client(&world);
    for _ in 0..3 {
        let error = remote(client.panic(&ctxt()).await);
        assert_eq!(error.message, "the handler panicked: a bug in the handler");
    }
    assert_eq!(client.whoami(&ctxt()).await.unwrap(), "one");
}

pub(super) async fn a_call_ends_at_its_timeout_and_the_client_goes_on(world: World) {
    let mut stage = Bench::new(&world);
    let _server = stage.serve("one", 4).await;
    let client = client(&world);
    client.whoami(&ctxt()).await.unwrap();
    let timeout = Duration::from_millis(300);
    let started = tokio::time::Instant::now();
    let error = client.wait(&ctxt(), 1).timeout(timeout).await.unwrap_err();
    let took = started.elapsed();
    assert!(took >= timeout && took < timeout * 4, "{took:?}");
    assert!(error.is_timeout() && error.may_have_run());
    assert!(
        matches!(
            error,
            Error::Timeout {
                waiting_for: Stage::Reply,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(stage.next().await, Seen::Waiting("one".into(), 1));
    // The late reply meets nobody; the next call gets its own.
    stage.release.notify_one();
    assert_eq!(client.whoami(&ctxt()).await.unwrap(), "one");
}

pub(super) async fn the_timeout_comes_from_call_then_method_then_client(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 8).await;
    let client: StockClient = StockClient::builder(&world.transport())
        .topic(&world.topic)
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

pub(super) async fn a_call_that_expired_in_the_queue_is_not_run(world: World) {
    let mut stage = Bench::new(&world);
    stage.serve("one", 1).await.stop().await;
    let client = client(&world);
    let timeout = Duration::from_millis(200);
    let error = client.wait(&ctxt(), 1).timeout(timeout).await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    let _server = stage.serve("one", 1).await;
    client.note(&ctxt(), 2).await.unwrap();
    assert_eq!(stage.next().await, Seen::Note("one".into(), 2));
    stage.assert_nothing_more();
}

pub(super) async fn an_expired_call_does_not_hold_up_what_comes_after(world: World) {
    let mut stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let client = client(&world);
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.wait(&ctxt(), 1).await }
    });
    assert_eq!(stage.next().await, Seen::Waiting("one".into(), 1));
    // Fetched by the busy server, and given up by its caller there.
    let timeout = Duration::from_millis(200);
    let error = client.wait(&ctxt(), 2).timeout(timeout).await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    client.note(&ctxt(), 3).await.unwrap();
    stage.release.notify_one();
    assert_eq!(running.await.unwrap().unwrap(), 1);
    assert_eq!(stage.next().await, Seen::Note("one".into(), 3));
    stage.assert_nothing_more();
}

pub(super) async fn casts_wait_for_a_server_to_come_back(world: World) {
    let mut stage = Bench::new(&world);
    stage.serve("one", 1).await.stop().await;
    let client = client(&world);
    for n in 0..3 {
        client.note(&ctxt(), n).await.unwrap();
    }
    let _server = stage.serve("two", 1).await;
    for n in 0..3 {
        assert_eq!(stage.next().await, Seen::Note("two".into(), n));
    }
}

pub(super) async fn the_concurrency_limit_leaves_the_rest_to_other_servers(world: World) {
    let mut stage = Bench::new(&world);
    let _first = stage.serve("a", 2).await;
    let client = client(&world);
    let calls: Vec<_> = (0..6)
        .map(|id| {
            let client = client.clone();
            tokio::spawn(async move { client.wait(&ctxt(), id).await })
        })
        .collect();
    for _ in 0..2 {
        assert!(matches!(stage.next().await, Seen::Waiting(name, _) if name == "a"));
    }
    stage.assert_nothing_more();
    // What the full server has not begun is there for another, one prefetch beyond its permits aside.
    let _second = stage.serve("b", 6).await;
    for _ in 0..2 {
        assert!(matches!(stage.next().await, Seen::Waiting(name, _) if name == "b"));
    }
    for _ in 0..20 {
        stage.release.notify_waiters();
        stage.release.notify_one();
        tokio::task::yield_now().await;
    }
    let mut done = Vec::new();
    for call in calls {
        while !call.is_finished() {
            stage.release.notify_waiters();
            tokio::task::yield_now().await;
        }
        done.push(call.await.unwrap().unwrap());
    }
    assert_eq!(done, [0, 1, 2, 3, 4, 5]);
}

pub(super) async fn stop_finishes_what_runs_and_gives_back_the_rest(world: World) {
    let mut stage = Bench::new(&world);
    let first = stage.serve("a", 1).await;
    let client = client(&world);
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.wait(&ctxt(), 1).await }
    });
    assert_eq!(stage.next().await, Seen::Waiting("a".into(), 1));
    for n in 0..3 {
        client.note(&ctxt(), n).await.unwrap();
    }
    let stopping = tokio::spawn(first.stop());
    // Its queue is taken over, while what it has begun runs on. What it had fetched comes back late.
    let _second = stage.serve("b", 1).await;
    let given_back = [stage.next().await, stage.next().await, stage.next().await];
    let all = [0, 1, 2].map(|n| Seen::Note("b".into(), n));
    assert_eq!(HashSet::from(given_back), HashSet::from(all));
    assert!(!stopping.is_finished());
    stage.release.notify_one();
    assert_eq!(running.await.unwrap().unwrap(), 1);
    assert_eq!(stopping.await.unwrap(), 0);
}

pub(super) async fn stop_cuts_off_at_its_limit(world: World) {
    let mut stage = Bench::new(&world);
    let server = stage.serve("a", 2).await;
    let client = client(&world);
    let call = tokio::spawn(async move {
        client
            .wait(&ctxt(), 1)
            .timeout(Duration::from_millis(500))
            .await
    });
    assert_eq!(stage.next().await, Seen::Waiting("a".into(), 1));
    assert_eq!(server.stop_within(Duration::from_millis(50)).await, 1);
    assert!(call.await.unwrap().unwrap_err().is_timeout());
}

pub(super) async fn a_monitored_call_outlives_the_silence_it_allows(world: World) {
    let mut stage = Bench::new(&world);
    let _server = stage.serve("one", 2).await;
    let client = client(&world);
    let silence = Duration::from_millis(200);
    let call = tokio::spawn(async move { client.wait(&ctxt(), 9).monitor(silence).await });
    assert_eq!(stage.next().await, Seen::Waiting("one".into(), 9));
    tokio::time::sleep(silence * 5).await; // time itself is what is tested
    assert!(!call.is_finished());
    stage.release.notify_one();
    assert_eq!(call.await.unwrap().unwrap(), 9);
}

pub(super) async fn a_monitored_call_fails_when_its_server_falls_silent(world: World) {
    let mut stage = Bench::new(&world);
    let server = stage.serve("one", 2).await;
    let client = client(&world);
    let silence = Duration::from_millis(200);
    let call = tokio::spawn(async move { client.wait(&ctxt(), 9).monitor(silence).await });
    assert_eq!(stage.next().await, Seen::Waiting("one".into(), 9));
    assert_eq!(server.stop_within(Duration::ZERO).await, 1);
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

pub(super) async fn a_monitor_of_zero_asks_for_none(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let call = client(&world);
    let ctxt = ctxt();
    let got = call.whoami(&ctxt).monitor(Duration::ZERO).await;
    assert_eq!(got.unwrap(), "one");
}

pub(super) async fn a_dropped_call_leaves_the_client_usable(world: World) {
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

/// Wraps each entity, and marks each context.
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

pub(super) async fn the_serializer_hook_sees_everything_both_ways(world: World) {
    let stage = Bench::new(&world);
    let server = Server::builder(&stage.transport, &world.topic, "hooked")
        .endpoint(stage.shelves("hooked"))
        .serializer(Wrapping);
    let _server = server.start().await.unwrap();
    let client: StockClient = StockClient::builder(&world.transport())
        .topic(&world.topic)
        .serializer(Wrapping)
        .build()
        .unwrap();
    assert_eq!(client.newer(&ctxt(), 3).await.unwrap(), 3);
    let got = client.context(&ctxt()).await.unwrap();
    assert_eq!(got.get::<bool>("sent").unwrap(), Some(true));
    assert_eq!(got.get::<bool>("received").unwrap(), Some(true));
    // Without the hook, the wrapping shows.
    let bare = self::client(&world)
        .rpc()
        .call::<Value>(&ctxt(), "whoami", args! {})
        .await;
    assert_eq!(bare.unwrap(), json!({ "wrapped": "hooked" }));
}

pub(super) async fn the_context_travels_with_unknown_keys(world: World) {
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

pub(super) async fn namespaces_and_majors_live_side_by_side(world: World) {
    let stage = Bench::new(&world);
    let old = v1::OldStockEndpoint::new(v1::Old).legacy_namespaces([None, Some("older")]);
    assert_eq!(old.interface().version(), (1, 2).into());
    let _server = Server::builder(&stage.transport, &world.topic, "both")
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

pub(super) async fn the_untyped_client_and_typed_server_agree(world: World) {
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
    // Without a version a message counts as 1.0.
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

pub(super) async fn ping_is_answered_only_when_enabled(world: World) {
    let stage = Bench::new(&world);
    let _pinged = Server::builder(&stage.transport, &world.topic, "pinged")
        .endpoint(stage.shelves("pinged"))
        .ping(true)
        .start()
        .await
        .unwrap();
    let _silent = stage.serve("silent", 1).await;
    let rpc = RpcClient::new(&world.transport(), Target::new(&world.topic));
    let ping = |server| {
        let rpc = rpc.prepare(CallOptions::new().server(server));
        async move {
            rpc.call::<String>(&(), "oslo_rpc_server_ping", args! {})
                .await
        }
    };
    assert_eq!(ping("pinged").await.unwrap(), "pong");
    assert_eq!(remote(ping("silent").await).class, "UnsupportedVersion");
}

pub(super) async fn closing_the_transport_ends_its_calls(world: World) {
    let mut stage = Bench::new(&world);
    let server = stage.serve("one", 2).await;
    let transport = world.transport();
    let client = StockClient::new(&transport, &world.topic);
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.wait(&ctxt(), 1).await }
    });
    assert_eq!(stage.next().await, Seen::Waiting("one".into(), 1));
    transport.close().await;
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Closed), "{error:?}");
    assert!(matches!(client.note(&ctxt(), 1).await, Err(Error::Closed)));
    assert!(matches!(client.whoami(&ctxt()).await, Err(Error::Closed)));
    let other = StockClient::new(&world.transport(), &world.topic);
    assert_eq!(other.whoami(&ctxt()).await.unwrap(), "one");
    // A server whose transport closes ends by itself.
    stage.release.notify_one();
    stage.transport.close().await;
    assert_eq!(server.stop().await, 0);
}

pub(super) async fn a_large_argument_crosses(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    let value = Value::String("\"\\é\n".repeat(200_000));
    assert_eq!(
        client(&world).echo(&ctxt(), value.clone()).await.unwrap(),
        value
    );
}

pub(super) async fn floats_arrive_to_the_last_bit(world: World) {
    let stage = Bench::new(&world);
    let _server = stage.serve("one", 1).await;
    // One in ten of such numbers is off by its last bit under a hasty parser.
    let floats: Vec<f64> = (1..2000)
        .map(|n| f64::from(n) * 0.012_703_000_000_1)
        .collect();
    let got = client(&world).echo(&ctxt(), json!(floats)).await.unwrap();
    let got: Vec<f64> = serde_json::from_value(got).unwrap();
    assert_eq!(got, floats);
}

pub(super) async fn a_provided_method_composes_others(world: World) {
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
