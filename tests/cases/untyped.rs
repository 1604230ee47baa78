//! Features without a trait: untyped endpoints, forwarded requests, names that are known only at run time.

use rpc_runtime::server::{BoxFuture, Invocation, Outcome, Scope, UntypedEndpoint};
use rpc_runtime::wire::RawRequest;

use serde_json::value::{RawValue, to_raw_value};

use super::*;

/// An integer that a double cannot hold exactly. A `Value` would round it.
const BIG: &str = "170141183460469231731687303715884105727123456789";

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

async fn start(world: &World, topic: &str, endpoints: Vec<Box<dyn Endpoint>>) -> Server {
    let mut builder = Server::builder(&world.transport(), "untyped").topic(topic);
    for endpoint in endpoints {
        builder = builder.endpoint(Boxed(endpoint));
    }
    builder.start().await.unwrap()
}

/// An endpoint of any type.
#[derive(Debug)]
struct Boxed(Box<dyn Endpoint>);

impl Endpoint for Boxed {
    fn scope(&self) -> Scope {
        self.0.scope()
    }

    fn dispatch<'a>(&'a self, incoming: &'a Invocation<'a>) -> BoxFuture<'a, Outcome> {
        self.0.dispatch(incoming)
    }
}

/// An endpoint that keeps each request and returns `name`.
fn recorder(name: &'static str, sender: &mpsc::UnboundedSender<RawRequest>) -> UntypedEndpoint {
    let sender = sender.clone();
    UntypedEndpoint::new(move |request: RawRequest| {
        sender.send(request).unwrap();
        async move { Ok::<_, Error>(to_raw_value(name).unwrap()) }
    })
}

pub(crate) async fn an_untyped_endpoint_gets_the_request_unchanged(world: World) {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let topic = &*world.topic;
    let _server = start(&world, topic, vec![Box::new(recorder("here", &sender))]).await;
    let transport = world.transport();

    let context = HashMap::from([("user", raw("\"alice\"")), ("big", raw(BIG))]);
    let target = Target::new(topic).namespace("any").version((7, 9, 1));
    let client = RpcClient::new(&transport, target);
    let args = args! { big: raw(BIG), r#type: [1.5, 2.0] };
    let got: String = client.call(&context, "_weird method", args).await.unwrap();
    assert_eq!(got, "here");
    let request = seen.recv().await.unwrap();
    assert_eq!(request.method, "_weird method");
    assert_eq!(request.namespace.as_deref(), Some("any"));
    assert_eq!(request.version, Some((7, 9, 1).into()));
    assert_eq!(request.arguments["big"].get(), BIG);
    assert_eq!(request.arguments["type"].get(), "[1.5,2.0]");
    assert_eq!(request.context["big"].get(), BIG);
    assert_eq!(request.context["user"].get(), "\"alice\"");
    assert!(request.is_call);
    assert_eq!(request.argument::<Vec<f64>>("type").unwrap(), [1.5, 2.0]);
    assert_eq!(
        request.argument::<u8>("type").unwrap_err().class,
        "ValueError"
    );
    assert_eq!(
        request.argument::<u8>("none").unwrap_err().class,
        "TypeError"
    );
    let shown = format!("{request:?}");
    assert!(!shown.contains("alice") && !shown.contains(BIG), "{shown}");

    // A request without a stamp, and a cast.
    let client = RpcClient::new(&transport, Target::new(topic));
    client.cast(&(), "note", args! {}).await.unwrap();
    let request = seen.recv().await.unwrap();
    assert_eq!((request.namespace, request.version), (None, None));
    assert!(request.arguments.is_empty() && request.context.is_empty() && !request.is_call);
}

pub(crate) async fn an_untyped_endpoint_takes_requests_that_earlier_endpoints_leave(world: World) {
    let stage = Bench::new(&world);
    let (sender, _seen) = mpsc::unbounded_channel();
    let any = |name| Box::new(recorder(name, &sender)) as Box<dyn Endpoint>;
    let some = recorder("some", &sender).namespace("some").version((3, 2));
    let [last, first] = ["last", "first"].map(|place| format!("{}-{place}", world.topic));
    let shelves = || Box::new(stage.shelves("typed")) as Box<dyn Endpoint>;
    let _last = start(&world, &last, vec![Box::new(some), shelves(), any("any")]).await;
    let _first = start(&world, &first, vec![any("any"), shelves()]).await;
    let transport = world.transport();
    let whoami = |topic: &str, namespace: Option<&str>, version: (u32, u32)| {
        let client = RpcClient::new(&transport, Target::new(topic));
        let options = CallOptions::new().version(version).namespace(namespace);
        let client = client.prepare(options);
        async move {
            client
                .call::<String>(&(), "whoami", args! {})
                .await
                .unwrap()
        }
    };
    assert_eq!(whoami(&last, None, (2, 0)).await, "typed");
    assert_eq!(whoami(&last, None, (3, 0)).await, "any");
    assert_eq!(whoami(&last, Some("some"), (3, 2)).await, "some");
    assert_eq!(whoami(&last, Some("some"), (3, 3)).await, "any");
    assert_eq!(whoami(&first, None, (2, 0)).await, "any");

    // An endpoint that takes only some requests.
    let alone = format!("{}-alone", world.topic);
    let some = recorder("some", &sender).namespace("some").version((3, 2));
    let _alone = start(&world, &alone, vec![Box::new(some), shelves()]).await;
    let client = RpcClient::new(&transport, Target::new(&alone).version((3, 0)));
    let refused = client.call::<()>(&(), "whoami", args! {}).await;
    assert_eq!(remote(refused).class, "UnsupportedVersion");
    let client = RpcClient::new(&transport, Target::new(&alone).version((2, 0)));
    let refused = client.call::<()>(&(), "nothing", args! {}).await;
    assert_eq!(remote(refused).class, "NoSuchMethod");
}

pub(crate) async fn a_request_is_forwarded_unchanged(world: World) {
    let mut stage = Bench::new(&world);
    let behind = format!("{}-behind", world.topic);
    let there = RpcClient::new(&world.transport(), Target::new(&behind));
    let gateway = UntypedEndpoint::new(move |request: RawRequest| {
        let there = there.clone();
        async move { there.forward(&request).await }
    });
    let _gateway = start(&world, &world.topic, vec![Box::new(gateway)]).await;
    let _server = start(&world, &behind, vec![Box::new(stage.shelves("behind"))]).await;

    // Through the gateway, the client gets the same as without it.
    let direct = StockClient::new(&world.transport(), &behind);
    let client = client(&world);
    let (ctxt, value) = (ctxt(), json!({"a": [1, 2.5, null], "ü": {}}));
    for client in [&direct, &client] {
        assert_eq!(client.whoami(&ctxt).await.unwrap(), "behind");
        assert_eq!(client.echo(&ctxt, value.clone()).await.unwrap(), value);
        assert_eq!(client.context(&ctxt).await.unwrap(), ctxt);
        assert_eq!(client.newer(&ctxt, 3).await.unwrap(), 3);
        let boom = remote(client.boom(&ctxt).await);
        assert_eq!(boom.to_string(), "Boom: because — 你好");
        assert_eq!((boom.args.len(), &boom.kwargs["id"]), (2, &json!(7)));
        assert_eq!(boom.traceback[0], "Traceback (most recent call last):\n");
        let newest = remote(client.whoami(&ctxt).version((2, 9)).await);
        assert_eq!(newest.class, "UnsupportedVersion");
        let other = remote(client.whoami(&ctxt).namespace("other").await);
        assert_eq!(other.class, "UnsupportedVersion");
        client.note(&ctxt, 7).await.unwrap();
        assert_eq!(stage.next().await, Seen::Note("behind".into(), 7));
    }
    stage.assert_nothing_more();
    // If the gateway cannot forward the request, the caller gets that error.
    let nobody = RpcClient::builder(&world.transport(), Target::new("nobody-behind"));
    let nobody = nobody.queue_wait(Duration::ZERO).build().unwrap();
    let error = nobody
        .forward(&RawRequest::new("whoami"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Undeliverable { .. }), "{error:?}");
    let capped = nobody.prepare(CallOptions::new().version_cap((1, 0)));
    let mut newer = RawRequest::new("whoami");
    newer.version = Some((1, 1).into());
    let error = capped.forward(&newer).await.unwrap_err();
    assert!(matches!(error, Error::VersionCap { .. }), "{error:?}");
}

pub(crate) async fn a_client_is_served_as_a_proxy(world: World) {
    let mut stage = Bench::new(&world);
    let behind = format!("{}-behind", world.topic);
    let _server = start(&world, &behind, vec![Box::new(stage.shelves("behind"))]).await;
    let there = StockClient::new(&world.transport(), &behind);
    let _proxy = start(
        &world,
        &world.topic,
        vec![Box::new(StockEndpoint::new(there))],
    )
    .await;
    let client = client(&world);
    assert_eq!(client.whoami_twice(&ctxt()).await.unwrap().1, "behind");
    client.note(&ctxt(), 7).await.unwrap();
    assert_eq!(stage.next().await, Seen::Note("behind".into(), 7));
    let boom = remote(client.boom(&ctxt()).await);
    assert_eq!((boom.class.as_str(), boom.args.len()), ("Boom", 2));
    let picked = client.pick(&ctxt(), "top").await;
    assert!(
        matches!(&picked, Err(StockError::Empty { shelf }) if shelf == "top"),
        "{picked:?}"
    );
}

pub(crate) async fn namespace_and_version_of_an_endpoint_may_come_from_its_configuration(
    world: World,
) {
    let stage = Bench::new(&world);
    let (namespace, version) = ("north".to_owned(), (2, 1));
    let endpoint = stage
        .shelves("north")
        .namespace(&*namespace)
        .version(version);
    let _server = start(&world, &world.topic, vec![Box::new(endpoint)]).await;
    let client = client(&world);
    let refused = remote(client.whoami(&ctxt()).await);
    assert_eq!(refused.class, "UnsupportedVersion");
    let north = client.prepare(CallOptions::new().namespace("north"));
    assert_eq!(north.whoami(&ctxt()).await.unwrap(), "north");
    let refused = remote(north.newer(&ctxt(), 1).await);
    assert_eq!(refused.class, "UnsupportedVersion");
}

/// The methods that each service has beside its own interface.
#[rpc_client(namespace = "base", version = "1.0")]
pub(crate) trait Base {
    #[rpc(version = "1.4")]
    async fn ping(&self, ctxt: &Context, text: &str) -> Result<String>;
}

struct Answering;

impl Base for Answering {
    async fn ping(&self, _: &Context, text: &str) -> Result<String> {
        Ok(text.to_owned())
    }
}

pub(crate) async fn a_client_of_one_interface_becomes_one_of_another(world: World) {
    let stage = Bench::new(&world);
    let endpoints: Vec<Box<dyn Endpoint>> = vec![
        Box::new(stage.shelves("a").namespace("stock")),
        Box::new(BaseEndpoint::new(Answering)),
        Box::new(BaseEndpoint::new(Answering).namespace("older")),
    ];
    let _server = start(&world, &world.topic, endpoints).await;
    let transport = world.transport();
    let stock = StockClient::builder(&transport, &world.topic)
        .namespace("stock")
        .version_cap((2, 3))
        .build()
        .unwrap();
    assert_eq!(stock.whoami(&ctxt()).await.unwrap(), "a");

    // The new client has namespace, version and cap of the other interface.
    let narrow = CallOptions::new().version((2, 0)).server("untyped");
    let base = BaseClient::from(stock.prepare(narrow).rpc().clone());
    assert_eq!(base.ping(&ctxt(), "one").await.unwrap(), "one");
    assert_eq!(base.rpc().version_cap(), None);
    let target = base.rpc().target();
    assert_eq!(target.namespace.as_deref(), Some("base"));
    assert_eq!(target.server.as_deref(), Some("untyped"));
    assert_eq!(target.topic, world.topic);

    // A client of the same interface keeps all settings, and so does one that is made from an untyped client.
    let again = StockClient::from(stock.rpc().clone());
    assert_eq!(again.rpc().version_cap(), Some((2, 3).into()));
    assert_eq!(again.whoami(&ctxt()).await.unwrap(), "a");
    let older = base.prepare(CallOptions::new().namespace("older"));
    let older = BaseClient::from(older.rpc().clone());
    assert_eq!(older.ping(&ctxt(), "two").await.unwrap(), "two");
    assert_eq!(older.rpc().target().namespace.as_deref(), Some("older"));
    for target in [
        Target::new(&world.topic),
        Target::new(&world.topic).namespace("older"),
    ] {
        let named = target.namespace.clone();
        let base = BaseClient::from(RpcClient::new(&transport, target));
        assert_eq!(base.ping(&ctxt(), "three").await.unwrap(), "three");
        let namespace = base.rpc().target().namespace.clone();
        assert_eq!(namespace, named.or(Some("base".into())));
    }
}
