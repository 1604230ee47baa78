//! The gateway between two virtual hosts, with oslo.messaging on both ends.

use rpc_tests::{Python, Raised, VirtualHost, unique_topic};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Running, built};

/// All kinds of requests, as orders to the client's script: those that run, and those that the far server refuses.
fn asked(topic: &str) -> [Vec<Value>; 2] {
    let context = json!({
        "request_id": "req-1", "user": "ålice", "roles": ["a", "b"], "deadline": 1.5e300, "nothing": null,
    });
    let ask = |method: &str, args: Value, more: Value| {
        let mut ask = json!({
            "op": "call", "topic": topic, "method": method, "args": args, "context": context,
            "timeout": 30, "version": "2.0",
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            ask[name] = value.clone();
        }
        ask
    };
    let none = || json!({});
    let run = vec![
        ask(
            "echo_kw",
            json!({"a": null, "b": true, "f": 0.1, "l": [1, [2]], "d": {"ü": ""}}),
            none(),
        ),
        ask("none", none(), none()),
        ask("context", none(), none()),
        ask("datetime", none(), none()),
        ask("grüße", json!({"имя": "мир"}), none()),
        ask("whoami", none(), json!({"version": "2.5"})),
        ask("slow", json!({"secs": 3}), json!({"monitor": 2})),
        ask(
            "ping",
            json!({"arg": "x"}),
            json!({"namespace": "baseapi", "version": "1.0"}),
        ),
        // Requests that raise an exception.
        ask("echo", json!({"other": 1}), none()),
        ask("boom", json!({"why": "because — 你好"}), none()),
        ask("kwboom", none(), none()),
        ask("valueerr", none(), none()),
    ];
    let refused = vec![
        ask("whoami", none(), json!({"version": "2.6"})),
        ask("whoami", none(), json!({"version": "3.0"})),
        ask("whoami", none(), json!({"namespace": "other"})),
        ask("no_such_method", none(), none()),
    ];
    [run, refused]
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_gateway_forwards_each_request_unchanged() {
    let (near, far) = (VirtualHost::new("near"), VirtualHost::new("far"));
    let topic = unique_topic("gateway");
    let mut server = Python::spawn("server.py", &[far.url(), &topic, "host1"]).await;
    let mut gateway = built("gateway");
    gateway.args([near.url(), far.url(), &topic]);
    let _gateway = Running::start(&mut gateway, "is sent on");
    let mut through = Python::client_over(near.url(), &["rpc_test_exceptions"]).await;
    let mut direct = Python::client_over(far.url(), &["rpc_test_exceptions"]).await;

    let mut raised = 0;
    let [run, refused] = asked(&topic);
    let asked = run.iter().map(|ask| (ask, true));
    for (ask, runs) in asked.chain(refused.iter().map(|ask| (ask, false))) {
        let want: Result<Box<RawValue>, Raised> = direct.ask(ask).await;
        let got: Result<Box<RawValue>, Raised> = through.ask(ask).await;
        match (&want, &got) {
            (Ok(want), Ok(got)) => assert_eq!(got.get(), want.get(), "{ask}"),
            (Err(want), Err(got)) => {
                assert_eq!(got, want, "{ask}");
                raised += 1;
            }
            _ => panic!("{got:?} in place of {want:?}, of {ask}"),
        }
        if runs {
            let (directly, forwarded) = (server.received().await, server.received().await);
            assert_eq!(forwarded, directly, "{ask}");
        }
    }
    assert_eq!(raised, 8);

    let cast = json!({
        "op": "cast", "topic": topic, "method": "echo", "args": {"arg": "cast"}, "version": "2.0",
        "context": {"user": "bob"},
    });
    let sent: Result<(), Raised> = through.ask(&cast).await;
    sent.unwrap();
    // No other report is before that of the cast, so each request ran once, and those that were refused did not run.
    let got = server.received().await;
    assert_eq!(
        (got.method.as_str(), &got.args["arg"]),
        ("echo", &json!("cast"))
    );
    assert_eq!(got.context.get("user"), Some(&json!("bob")));
    for client in [through, direct] {
        client.stop().await;
    }
}
