//! Names, arguments and contexts outside of ASCII.

use rpc_runtime::client::Args;
use rpc_runtime::{CallOptions, Context};
use rpc_tests::{Python, unique_topic};
use serde_json::{Value, json};

use crate::peer::{RustServer, client, peer, transport};

const TEXT: &str = "Привет, 世界! 🦀 e\u{301} \u{0} \u{2028} \"\\ \u{10ffff}";

fn context() -> Context {
    Context::new()
        .with("ключ 🗝", TEXT)
        .and_then(|context| context.with("", json!({ TEXT: [TEXT] })))
        .unwrap()
        .with_user("Алиса")
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn from_rust_to_python() {
    let topic = unique_topic("тема-世界");
    let mut server = Python::server(&topic, "сервер").await;
    let transport = transport();
    let typed = peer(&transport, &topic);
    let greeting = typed
        .greet(&context(), TEXT)
        .server("сервер")
        .await
        .unwrap();
    assert_eq!(greeting, format!("здравствуй, {TEXT}"));
    let received = server.received().await;
    assert_eq!(
        (received.method.as_str(), &received.args["имя"]),
        ("grüße", &json!(TEXT))
    );
    let mut got = received.context;
    got.remove("client_timeout");
    assert_eq!(Context::from(got), context());

    let mut back = typed.context(&context()).await.unwrap().values().clone();
    back.remove("client_timeout");
    assert_eq!(Context::from(back), context());
    let value = json!({ TEXT: { "": TEXT } });
    let untyped = client(&transport, &topic).prepare(CallOptions::new().version((2, 0)));
    let echo: Value = untyped
        .call(&context(), "echo_kw", |args: &mut Args<'_>| {
            args.arg("аргумент 🦀", &value)?;
            args.arg("", &1)
        })
        .await
        .unwrap();
    assert_eq!(echo, json!({ "аргумент 🦀": value, "": 1 }));
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn from_python_to_rust() {
    let topic = unique_topic("тема-世界");
    let mut server = RustServer::start(&topic, "сервер").await;
    let mut client = Python::client(&["rpc_test_exceptions"]).await;
    let ask = json!({
        "op": "call", "topic": topic, "method": "grüße", "args": { "имя": TEXT },
        "version": "2.0", "server": "сервер", "context": context(),
    });
    let greeting: String = client.ask(ask).await.unwrap();
    assert_eq!(greeting, format!("здравствуй, {TEXT}"));
    let ran = server.ran().await;
    assert_eq!((ran.method, ran.arg), ("grüße", json!(TEXT)));
    assert_eq!(ran.context, context());

    let ask = json!({
        "op": "call", "topic": topic, "method": "boom", "args": { "why": TEXT },
        "version": "2.0",
    });
    let raised = client.ask::<Value>(ask).await.unwrap_err();
    assert_eq!(raised.args, [TEXT]);
    client.stop().await;
    server.stop().await;
}
