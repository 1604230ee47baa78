//! A Rust client, a Python server.

use std::collections::BTreeMap;
use std::time::Duration;

use rpc_runtime::client::Args;
use rpc_runtime::{CallOptions, Context, Error, Result, RpcClient, args};
use rpc_tests::{Python, captured, unique_topic};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::peer::{
    Asked, BaseApiClient, EXCEPTIONS, Types, client, comparable, outcome, peer, transport,
};

/// A client with the settings of the captured request.
fn prepared(client: &RpcClient, asked: &Asked) -> RpcClient {
    let mut options = CallOptions::new()
        .namespace(asked.namespace.as_deref())
        .server(asked.server.as_deref())
        .monitor(asked.monitor)
        .timeout(Duration::from_secs(30));
    if let Some(version) = &asked.version {
        options = options.version(version.parse::<rpc_runtime::Version>().unwrap());
    }
    client.prepare(options)
}

/// The arguments unchanged: integers of any size, in their order.
fn raw(args: &RawValue) -> impl FnOnce(&mut Args<'_>) -> Result<()> {
    let args: BTreeMap<String, Box<RawValue>> = serde_json::from_str(args.get()).unwrap();
    move |to| {
        args.iter()
            .try_for_each(|(name, value)| to.arg(name, value))
    }
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn every_captured_call_has_the_same_outcome() {
    let topic = unique_topic("vectors");
    let _server = Python::server(&topic, "host1").await;
    let transport = transport();
    let client = client(&transport, &topic);
    let mut compared = 0;
    for (case, messages) in captured() {
        let asked = Asked::of(&messages[0]);
        if !asked.is_call || messages[0].routing_key == "nowhere" {
            continue;
        }
        let client = prepared(&client, &asked);
        let live: Result<Box<RawValue>> = client
            .call(&asked.context, &asked.method, raw(&asked.args))
            .await;
        match (outcome(&messages), live) {
            (Ok(want), Ok(got)) if case == "call_types" => {
                // The arguments were sent in another order.
                let read = |text: &str| serde_json::from_str::<Types>(text).unwrap();
                assert_eq!(read(got.get()), read(&want));
            }
            (Ok(want), Ok(got)) => assert_eq!(got.get(), want, "{case}"),
            (Err(Error::Remote(want)), Err(Error::Remote(got))) => {
                assert_eq!(got.class, want.class, "{case}");
                // In the captured messages, the exceptions are classes of the script itself.
                let module = want.module.replace("__main__", EXCEPTIONS);
                assert_eq!(got.module, module, "{case}");
                assert_eq!(
                    comparable(&got.message),
                    comparable(&want.message),
                    "{case}"
                );
                assert_eq!(got.args.len(), want.args.len(), "{case}");
                assert_eq!(got.kwargs, want.kwargs, "{case}");
                let last = got.traceback.last().unwrap();
                assert!(last.contains(&want.class), "{case}: {last}");
            }
            (want, got) => panic!("{case}: captured {want:?}, live {got:?}"),
        }
        compared += 1;
    }
    assert_eq!(compared, 17, "calls that are answered");
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn casts_arrive_as_they_were_sent() {
    let topic = unique_topic("casts");
    let exchange = unique_topic("other");
    let mut server = Python::server(&topic, "host1").await;
    let mut elsewhere = Python::server_at(&exchange, &topic, "host1").await;
    let transport = transport();
    let client = client(&transport, &topic);
    for (case, options) in [
        ("cast", CallOptions::new()),
        ("fanout", CallOptions::new().fanout(true)),
        ("call_exchange", CallOptions::new().exchange(&exchange)),
    ] {
        let asked = Asked::of(&captured()[case][0]);
        prepared(&client, &asked)
            .prepare(options)
            .cast(&asked.context, &asked.method, raw(&asked.args))
            .await
            .unwrap();
        let server = if case == "call_exchange" {
            &mut elsewhere
        } else {
            &mut server
        };
        let mut received = server.received().await;
        assert_eq!(received.method, asked.method, "{case}");
        assert_eq!(json!(received.args), json!(asked.args), "{case}");
        // Python servers add entries to the context.
        received.context.remove("client_timeout");
        assert_eq!(json!(received.context), json!(asked.context), "{case}");
        if case == "fanout" {
            // A fanout reaches servers of every exchange.
            assert_eq!(elsewhere.received().await.args["arg"], "f");
        }
    }
    // A second copy of a cast would run before this call.
    let last = CallOptions::new().server("host1").version((2, 5));
    for (server, options) in [
        (&mut server, last.clone()),
        (&mut elsewhere, last.exchange(&exchange)),
    ] {
        let last = client.prepare(options);
        let name: String = last
            .call(&Context::new(), "whoami", args! {})
            .await
            .unwrap();
        assert_eq!(name, "host1");
        assert_eq!(server.received().await.method, "whoami");
        assert_eq!(server.received_so_far(), []);
    }
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_topic_that_nobody_serves_is_an_error_or_a_silence() {
    let transport = transport();
    let client = client(&transport, &unique_topic("nowhere"));
    let asked = Asked::of(&captured()["mandatory"][0]);
    let error = client
        .prepare(CallOptions::new().queue_wait(Duration::ZERO))
        .call::<Value>(&asked.context, &asked.method, raw(&asked.args))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Undeliverable { .. }), "{error}");

    // oslo.messaging's behaviour without `at_least_once`.
    let options = CallOptions::new().mandatory(false);
    let silent = client.prepare(options.timeout(Duration::from_millis(500)));
    let error = silent
        .call::<Value>(&asked.context, &asked.method, raw(&asked.args))
        .await
        .unwrap_err();
    assert!(error.is_timeout(), "{error}");
    silent
        .cast(&asked.context, &asked.method, raw(&asked.args))
        .await
        .unwrap();
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_typed_client_gets_typed_results() {
    let topic = unique_topic("typed");
    let _server = Python::server(&topic, "host1").await;
    let transport = transport();
    let ctxt = Context::new();
    let client = peer(&transport, &topic);
    let types = client
        .echo_kw(&ctxt, None, true, 1.5, 1 << 70, &[json!("x")], &json!({}))
        .await
        .unwrap();
    assert_eq!(
        (types.a, types.big, types.l),
        (None, 1 << 70, vec![json!("x")])
    );
    client.none(&ctxt).await.unwrap();
    assert_eq!(client.whoami(&ctxt).server("host1").await.unwrap(), "host1");
    let error = client.whoami(&ctxt).version((2, 6)).await.unwrap_err();
    assert_eq!(error.remote().unwrap().class, "UnsupportedVersion");
    let capped = client.prepare(CallOptions::new().version_cap((2, 4)));
    let error = capped.whoami(&ctxt).await.unwrap_err();
    assert!(matches!(error, Error::VersionCap { .. }), "{error}");
    let base = BaseApiClient::builder(&transport)
        .topic(&topic)
        .build()
        .unwrap();
    let pong = base.ping(&ctxt, "x").await.unwrap();
    assert_eq!((pong.service.as_str(), pong.arg.as_str()), ("x", "x"));
    transport.close().await;
}
