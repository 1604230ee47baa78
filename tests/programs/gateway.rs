//! The gateway between two virtual hosts, with oslo.messaging on both ends.

use rpc_tests::{Python, Raised, broker_url, rabbitmqctl, unique_topic};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Running, example};

/// A virtual host of the test, removed when dropped.
struct VirtualHost {
    name: String,
    url: String,
}

impl VirtualHost {
    fn new(name: &str) -> Self {
        let name = unique_topic(name);
        let url = broker_url();
        let (server, _) = url.rsplit_once('/').expect("a URL has a virtual host");
        let (_, user) = server.split_once("//").expect("a URL has a user");
        let (user, _) = user.split_once(':').expect("a user has a password");
        let _ = rabbitmqctl(&["add_vhost", &name]);
        let _ = rabbitmqctl(&["set_permissions", "-p", &name, user, ".*", ".*", ".*"]);
        let url = format!("{server}/{name}");
        Self { name, url }
    }
}

impl Drop for VirtualHost {
    fn drop(&mut self) {
        let _ = rabbitmqctl(&["delete_vhost", &self.name]);
    }
}

/// All kinds of requests, as orders to the client's script.
fn asked(topic: &str) -> Vec<Value> {
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
    vec![
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
        // Requests that the far server refuses.
        ask("whoami", none(), json!({"version": "2.6"})),
        ask("whoami", none(), json!({"version": "3.0"})),
        ask("whoami", none(), json!({"namespace": "other"})),
        ask("no_such_method", none(), none()),
        ask("echo", json!({"other": 1}), none()),
        // A request that raises an exception.
        ask("boom", json!({"why": "because — 你好"}), none()),
        ask("kwboom", none(), none()),
        ask("valueerr", none(), none()),
    ]
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn a_gateway_forwards_each_request_unchanged() {
    let (near, far) = (VirtualHost::new("near"), VirtualHost::new("far"));
    let topic = unique_topic("gateway");
    let mut server = Python::spawn("server.py", &[&far.url, &topic, "host1"]).await;
    let mut gateway = example("gateway");
    gateway.args([&near.url, &far.url, &topic]);
    let _gateway = Running::start(&mut gateway, "is sent on");
    let mut through = Python::spawn("client.py", &[&near.url, "rpc_test_exceptions"]).await;
    let mut direct = Python::spawn("client.py", &[&far.url, "rpc_test_exceptions"]).await;

    let mut raised = 0;
    for ask in asked(&topic) {
        let want: Result<Box<RawValue>, Raised> = direct.ask(&ask).await;
        let got: Result<Box<RawValue>, Raised> = through.ask(&ask).await;
        match (&want, &got) {
            (Ok(want), Ok(got)) => assert_eq!(got.get(), want.get(), "{ask}"),
            (Err(want), Err(got)) => {
                assert_eq!(got, want, "{ask}");
                raised += 1;
            }
            _ => panic!("{got:?} in place of {want:?}, of {ask}"),
        }
        let mut seen = server.received_so_far();
        if let Some(got) = seen.pop() {
            assert_eq!(Some(got), seen.pop(), "{ask}");
        }
        assert_eq!(seen, [], "{ask}");
    }
    assert_eq!(raised, 8);

    let cast = json!({
        "op": "cast", "topic": topic, "method": "echo", "args": {"arg": "cast"}, "version": "2.0",
        "context": {"user": "bob"},
    });
    let sent: Result<(), Raised> = through.ask(&cast).await;
    sent.unwrap();
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
