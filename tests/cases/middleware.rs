//! Middleware around calls and requests: what it sees, and what it may do.

use std::sync::atomic::{AtomicU32, Ordering};

use rpc_runtime::client::{self, OutgoingRequest};
use rpc_runtime::interface::Method;
use rpc_runtime::server::{self, IncomingRequest};
use rpc_runtime::wire::RawObject;

use super::*;

/// What a middleware saw of one call or request.
#[derive(Debug, Clone, PartialEq)]
struct Passed {
    by: &'static str,
    name: String,
    /// The name of the method in its description.
    described: Option<&'static str>,
    arguments: Value,
    user: Option<String>,
    is_call: bool,
    message_id: Option<String>,
    failed: bool,
}

/// The calls and requests that all middlewares saw, in order.
type Sightings = mpsc::UnboundedSender<Passed>;

fn on_the_client(by: &'static str, sightings: &Sightings) -> impl client::Middleware + use<> {
    let sightings = sightings.clone();
    move |request: OutgoingRequest, next: client::Next| {
        let sightings = sightings.clone();
        async move {
            assert_eq!(request.message_id(), None);
            let result = next.run(request.clone()).await;
            let ctxt: Context = request.context()?;
            let passed = Passed {
                by,
                name: request.name().into_owned(),
                described: request.method().map(Method::name),
                arguments: serde_json::from_str(request.arguments()).unwrap(),
                user: ctxt.user().map(str::to_owned),
                is_call: request.is_call(),
                message_id: request.message_id().map(|id| id.to_string()),
                failed: result.is_err(),
            };
            sightings.send(passed).unwrap();
            result
        }
    }
}

fn on_the_server(by: &'static str, sightings: &Sightings) -> impl server::Middleware + use<> {
    let sightings = sightings.clone();
    move |request: IncomingRequest, next: server::Next| {
        let sightings = sightings.clone();
        async move {
            let result = next.run(request.clone()).await;
            let context: RawObject = request.context()?;
            let user = context.get("user");
            let passed = Passed {
                by,
                name: request.name().to_owned(),
                described: request.method().map(Method::name),
                arguments: serde_json::from_str(request.arguments()).unwrap(),
                user: user.map(|user| serde_json::from_str(user.get()).unwrap()),
                is_call: request.is_call(),
                message_id: request.message_id().map(str::to_owned),
                failed: result.is_err(),
            };
            sightings.send(passed).unwrap();
            result
        }
    }
}

pub(crate) async fn middleware_sees_each_call_and_each_request(world: World) {
    let bench = Bench::new(&world);
    let (sightings, mut seen) = mpsc::unbounded_channel();
    let server = Server::builder(&bench.transport, "one")
        .topic(&bench.topic)
        .endpoint(bench.shelves("one"))
        .middleware(on_the_server("server, outer", &sightings))
        .middleware(on_the_server("server, inner", &sightings))
        .start()
        .await
        .unwrap();
    let client = StockClient::builder(&world.transport(), &world.topic)
        .middleware(on_the_client("client, outer", &sightings))
        .middleware(on_the_client("client, inner", &sightings))
        .build()
        .unwrap();
    let client = client.prepare(CallOptions::new().server("one"));
    let ctxt = ctxt().with_user("alice");
    let mut passed = async || {
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(seen.recv().await.unwrap());
        }
        // The server may handle a cast before the sender's future ends.
        all.sort_by_key(|passed| passed.by.starts_with("client"));
        let order = all.iter().map(|passed| passed.by).collect::<Vec<_>>();
        assert_eq!(
            order,
            [
                "server, inner",
                "server, outer",
                "client, inner",
                "client, outer"
            ]
        );
        let first = all[0].clone();
        for each in &mut all {
            each.by = first.by;
        }
        (first, all)
    };

    assert_eq!(client.echo(&ctxt, json!({ "a": 1 })).await.unwrap()["a"], 1);
    let (first, all) = passed().await;
    assert_eq!(all, vec![first.clone(); 4], "both sides see the same");
    assert!(first.message_id.is_some(), "that of the same message");
    let expected = Passed {
        by: "server, inner",
        name: "echo".into(),
        described: Some("echo"),
        arguments: json!({ "value": { "a": 1 } }),
        user: Some("alice".into()),
        is_call: true,
        message_id: first.message_id.clone(),
        failed: false,
    };
    assert_eq!(first, expected);

    client.note(&ctxt, 3).await.unwrap();
    let (first, all) = passed().await;
    assert_eq!(all, vec![first.clone(); 4]);
    assert!(!first.is_call && first.message_id.is_none());
    client.note_all(&ctxt, 4).server(None).await.unwrap();
    assert_eq!(passed().await.0.described, Some("note_all"));

    let failure = remote(client.boom(&ctxt).await);
    assert_eq!(failure.class, "Boom");
    let (first, all) = passed().await;
    assert_eq!(all, vec![first.clone(); 4]);
    assert!(first.failed);

    // An untyped client calls a method that the server's trait has, and one that it does not have.
    let untyped = client.rpc();
    let own: String = untyped.call(&ctxt, "whoami", args! {}).await.unwrap();
    assert_eq!(own, "one");
    let (_, all) = passed().await;
    let described = all.iter().map(|passed| passed.described);
    let described: Vec<_> = described.collect();
    assert_eq!(described, [Some("whoami"), Some("whoami"), None, None]);
    let unknown = untyped.call::<Value>(&ctxt, "whoever", args! {}).await;
    assert_eq!(remote(unknown).class, "NoSuchMethod");
    let (first, all) = passed().await;
    assert_eq!((first.described, first.failed), (None, true));
    assert_eq!(all, vec![first.clone(); 4]);
    server.stop().await;
}

pub(crate) async fn middleware_may_refuse_and_answer(world: World) {
    let mut bench = Bench::new(&world);
    let server = Server::builder(&bench.transport, "one")
        .topic(&bench.topic)
        .endpoint(bench.shelves("one"))
        .middleware(|request: IncomingRequest, next: server::Next| async move {
            match request.name() {
                "whoami" => server::Response::new("nobody"),
                "note" => Err(RemoteError::new("Refused", "no notes").expected()),
                "newer" => {
                    let n: u8 = next.run(request).await?.decode()?;
                    server::Response::new(&(n + 1))
                }
                _ => next.run(request).await,
            }
        })
        .start()
        .await
        .unwrap();
    let client = StockClient::builder(&world.transport(), &world.topic)
        .middleware(|request: OutgoingRequest, next: client::Next| async move {
            match &*request.name() {
                "echo" => client::Response::new(&json!({ "answered": "here" })),
                "boom" => Err(Error::new_remote("Refused", "here")),
                "newer" => {
                    let n: u8 = next.run(request).await?.decode()?;
                    client::Response::new(&(n + 10))
                }
                _ => next.run(request).await,
            }
        })
        .build()
        .unwrap();
    let ctxt = ctxt();
    assert_eq!(client.whoami(&ctxt).await.unwrap(), "nobody");
    assert_eq!(
        client.newer(&ctxt, 1).await.unwrap(),
        12,
        "both replaced it"
    );
    let answered = client.echo(&ctxt, json!(1)).await.unwrap();
    assert_eq!(answered, json!({ "answered": "here" }));
    assert_eq!(remote(client.boom(&ctxt).await).message, "here");
    // For its sender a refused cast succeeds. It does not run.
    client.note(&ctxt, 1).await.unwrap();
    let context = client.context(&ctxt).await.unwrap();
    assert_eq!(context.request_id(), Some("req-1"));
    server.stop().await;
    bench.assert_nothing_more();
}

pub(crate) async fn middleware_may_run_a_call_again(world: World) {
    let mut bench = Bench::new(&world);
    let (ids, mut sent) = mpsc::unbounded_channel();
    let client = StockClient::builder(&world.transport(), &world.topic)
        .middleware(move |mut request: OutgoingRequest, next: client::Next| {
            let ids = ids.clone();
            async move {
                // No server takes this call, so it may be repeated.
                request.set_timeout(Duration::from_secs(1));
                let first = next.run(request.clone()).await;
                assert!(!first.unwrap_err().may_have_run());
                let _ = ids.send(request.message_id());
                request.set_timeout(Duration::from_secs(20));
                let second = next.run(request.clone()).await;
                let _ = ids.send(request.message_id());
                second
            }
        })
        .build()
        .unwrap();
    let ctxt = ctxt();
    let call = tokio::spawn(client.whoami(&ctxt).detached());
    let first = sent.recv().await.unwrap();
    let server = bench.serve("late", 4).await;
    assert_eq!(call.await.unwrap().unwrap(), "late");
    let second = sent.recv().await.unwrap();
    assert!(second.is_some() && first != second);
    server.stop().await;
    bench.assert_nothing_more();
}

pub(crate) async fn middleware_may_change_the_context_and_extend_a_request(world: World) {
    struct Token(String);

    let bench = Bench::new(&world);
    let endpoint = server::UntypedEndpoint::new(|_| async {
        let token = server::extension::<Token>().map(|token| token.0.clone());
        let value = serde_json::value::to_raw_value(&token);
        value.map_err(|error| RemoteError::new("Unexpected", error.to_string()))
    });
    let server = Server::builder(&bench.transport, "one")
        .topic(&bench.topic)
        .endpoint(endpoint)
        .middleware(|request: IncomingRequest, next: server::Next| async move {
            let context: Context = request.context()?;
            if let Some(token) = context.get::<String>("token").ok().flatten() {
                request.extensions().insert(Token(token));
            }
            next.run(request).await
        })
        .start()
        .await
        .unwrap();
    let client = RpcClient::builder(&world.transport(), Target::new(&world.topic))
        .middleware(
            |mut request: OutgoingRequest, next: client::Next| async move {
                if request.name() == "with" {
                    request.set_context("token", "t-1")?;
                }
                next.run(request).await
            },
        )
        .build()
        .unwrap();
    let ctxt = ctxt();
    let token: Option<String> = client.call(&ctxt, "with", args! {}).await.unwrap();
    assert_eq!(token.as_deref(), Some("t-1"));
    let token: Option<String> = client.call(&ctxt, "without", args! {}).await.unwrap();
    assert_eq!(token, None);
    server.stop().await;
}

pub(crate) async fn a_panic_beneath_middleware_is_seen_by_it(world: World) {
    let failures = Arc::<AtomicU32>::default();
    let counted = failures.clone();
    let bench = Bench::new(&world);
    let server = Server::builder(&bench.transport, "one")
        .topic(&bench.topic)
        .endpoint(bench.shelves("one"))
        .middleware(move |request: IncomingRequest, next: server::Next| {
            let counted = counted.clone();
            async move {
                assert_ne!(request.name(), "whoami", "a bug in the middleware");
                let result = next.run(request).await;
                counted.fetch_add(u32::from(result.is_err()), Ordering::SeqCst);
                result
            }
        })
        .start()
        .await
        .unwrap();
    let (client, ctxt) = (client(&world), ctxt());
    let failure = remote(client.panic(&ctxt).await);
    assert!(
        failure.message.contains("a bug in the handler"),
        "{failure}"
    );
    assert_eq!(failures.load(Ordering::SeqCst), 1);
    let failure = remote(client.whoami(&ctxt).await);
    assert!(
        failure.message.contains("a bug in the middleware"),
        "{failure}"
    );
    assert_eq!(client.newer(&ctxt, 2).await.unwrap(), 2, "it goes on");
    server.stop().await;
}

pub(crate) async fn a_caller_with_a_monitor_hears_of_a_request_that_middleware_delays(
    world: World,
) {
    let bench = Bench::new(&world);
    let released = Arc::new(Notify::new());
    let delaying = released.clone();
    let server = Server::builder(&bench.transport, "one")
        .topic(&bench.topic)
        .endpoint(bench.shelves("one"))
        .middleware(move |request: IncomingRequest, next: server::Next| {
            let released = delaying.clone();
            async move {
                released.notified().await;
                next.run(request).await
            }
        })
        .start()
        .await
        .unwrap();
    let client = client(&world);
    let silence = Duration::from_secs(3);
    let call = client.whoami(&ctxt()).monitor(silence).detached();
    let call = tokio::spawn(call);
    // More than the silence that the call allows.
    tokio::time::sleep(silence * 4 / 3).await;
    assert!(!call.is_finished());
    released.notify_one();
    assert_eq!(call.await.unwrap().unwrap(), "one");
    server.stop().await;
}
