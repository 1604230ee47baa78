//! Each message that oslo.messaging 18.3.1 sent is read as its case's name says.

use std::time::Duration;

use rpc_runtime::wire::{self, Reply, Request};
use rpc_runtime::{Context, Error, RemoteError};
use rpc_tests::captured;
use serde::Deserialize;
use serde_json::{Value, json};

/// The expected contents of a request. Most are calls of version 2.0 without arguments.
struct Expected {
    method: &'static str,
    args: Value,
    version: Option<&'static str>,
    namespace: Option<&'static str>,
    call: bool,
    monitor: Option<Duration>,
    context: Value,
}

impl Expected {
    fn call(method: &'static str, args: Value) -> Self {
        Self {
            method,
            args,
            version: Some("2.0"),
            namespace: None,
            call: true,
            monitor: None,
            context: json!({}),
        }
    }

    fn cast(method: &'static str, args: Value) -> Self {
        Self {
            call: false,
            ..Self::call(method, args)
        }
    }

    fn version(mut self, version: impl Into<Option<&'static str>>) -> Self {
        self.version = version.into();
        self
    }

    fn with_context(mut self) -> Self {
        self.context = json!({ "request_id": "req-1", "user": "alice", "roles": ["member"] });
        self
    }
}

fn expected(case: &str) -> Expected {
    let test = |arg: Value| Expected::call("test", json!({ "arg": arg }));
    match case {
        "call" => test("hello 你好 \"q\" \\ \n".into()).with_context(),
        "call_version" => test(1.into()).version("2.5").with_context(),
        // `big` is compared separately, since a `Value` cannot hold it.
        "call_types" => Expected::call(
            "echo_kw",
            json!({ "a": null, "b": true, "f": 1.5, "l": [1, "x", null], "d": { "k": { "n": 1 } } }),
        ),
        "call_none" => Expected::call("none", json!({})),
        "call_server" => test("s".into()),
        "call_namespace" => Expected {
            namespace: Some("baseapi"),
            ..Expected::call("ping", json!({ "arg": "x" })).version("1.0")
        },
        "call_exchange" => Expected::cast("test", json!({ "arg": "x" })),
        "cast" => Expected::cast("test", json!({ "arg": "c" })).with_context(),
        "fanout" => Expected::cast("test", json!({ "arg": "f" })),
        "boom" => Expected::call("boom", json!({ "why": "because" })),
        "kwboom" => Expected::call("kwboom", json!({})),
        "valueerr" => Expected::call("valueerr", json!({})),
        "nomethod" => Expected::call("nosuch", json!({})),
        "noversion" => test(1.into()).version("3.0"),
        "badargs" => Expected::call("test", json!({ "nope": 1 })),
        "missing_version" | "mandatory" | "nowhere" => test(1.into()).version(None),
        "monitor" => Expected {
            monitor: Some(Duration::from_secs(2)),
            ..Expected::call("slow", json!({ "secs": 3 }))
        },
        "datetime" => test("2026-01-02T03:04:05.000678".into()),
        "bytes" => test("raw".into()),
        "float" => test(1e300.into()),
        other => panic!("an expectation is missing for the case `{other}`"),
    }
}

#[test]
fn the_end_of_a_message_says_who_waits_for_a_reply() {
    for (case, messages) in captured() {
        let [body, replies @ ..] = &*messages.iter().map(|sent| &*sent.body).collect::<Vec<_>>()
        else {
            panic!("{case} has no message");
        };
        let text = Request::open(body.as_bytes()).unwrap();
        let request = Request::parse(&text).unwrap();
        let address = body.find(r#"\"_msg_id\""#).unwrap_or(body.len());
        for from in 0..address {
            let end = &body.as_bytes()[from..];
            assert_eq!(
                wire::reply_address_at_end(end).as_ref(),
                request.reply_to(),
                "{case} from {from}"
            );
        }
        for reply in replies {
            let whole = Reply::decode(reply.as_bytes()).unwrap();
            for from in 0..reply.find(r#"\"_msg_id\""#).unwrap() {
                let end = &reply.as_bytes()[from..];
                let cut = Reply::too_large(end, reply.len()).unwrap();
                assert_eq!(cut.message_id(), whole.message_id(), "{case} from {from}");
                assert_eq!(cut.size(), reply.len());
                assert!(cut.is_ending());
            }
        }
    }
}

#[test]
fn the_end_of_a_message_without_an_address_has_none() {
    for end in [
        "",
        r#"\"_msg_id\""#,
        r#"\"_msg_id\":"#,
        r#"\"_msg_id\":\"#,
        r#"\"_msg_id\":null"#,
        r#"\"_msg_id\":\"0123456789abcdef0123456789abcdef"#,
        // The address is within a string of the message.
        r#"\\\"_msg_id\\\":\\\"0123456789abcdef0123456789abcdef\\\""#,
    ] {
        assert!(Reply::too_large(end.as_bytes(), 1).is_err(), "{end}");
        assert_eq!(wire::reply_address_at_end(end.as_bytes()), None, "{end}");
    }
}

#[test]
fn every_request_says_what_its_name_says() {
    for (case, messages) in captured() {
        let text = Request::open(messages[0].body.as_bytes()).unwrap();
        let request = Request::parse(&text).unwrap();
        let want = expected(&case);
        assert_eq!(request.method(), want.method, "{case}");
        assert_eq!(request.version(), want.version, "{case}");
        assert_eq!(request.namespace(), want.namespace, "{case}");
        assert_eq!(request.monitor(), want.monitor, "{case}");
        assert_eq!(request.unique_id().map(str::len), Some(32), "{case}");
        let context: Context = request.context().unwrap();
        assert_eq!(json!(context), want.context, "{case}");

        let mut args: Value = serde_json::from_str(request.arguments()).unwrap();
        args.as_object_mut().unwrap().remove("big");
        assert_eq!(args, want.args, "{case}");

        assert_eq!(request.reply_to().is_some(), want.call, "{case}");
        if let Some(to) = request.reply_to() {
            assert_eq!(to.message_id.len(), 32, "{case}");
            assert!(to.queue.starts_with("reply_"), "{case}: {}", to.queue);
            for reply in &messages[1..] {
                assert_eq!(reply.routing_key, to.queue, "{case}");
            }
        }
        assert_eq!(
            wire::reply_address(messages[0].body.as_bytes()).as_ref(),
            request.reply_to(),
            "{case}"
        );
        let expires = messages[0].properties.contains_key("expiration");
        assert_eq!(expires, want.call, "{case}: calls alone expire");
    }
}

#[derive(Debug, PartialEq, Deserialize)]
struct Types {
    a: Option<u8>,
    b: bool,
    f: f64,
    big: i128,
    l: (u8, String, ()),
    d: Value,
}

#[test]
fn every_result_says_what_its_name_says() {
    let captured = captured();
    let result = |case: &str| {
        let reply = Reply::decode(captured[case].last().unwrap().body.as_bytes()).unwrap();
        assert!(reply.is_ending(), "{case}");
        reply
    };
    for (case, want) in [
        ("call", json!("hello 你好 \"q\" \\ \n")),
        ("call_version", json!(1)),
        ("call_none", json!(null)),
        ("call_server", json!("s")),
        ("call_namespace", json!({ "service": "x", "arg": "x" })),
        ("monitor", json!("done")),
        ("datetime", json!("2026-01-02T03:04:05.000678")),
        ("bytes", json!("raw")),
        ("float", json!(1e300)),
    ] {
        let got: Value = result(case).into_result().unwrap();
        assert_eq!(got, want, "{case}");
    }

    let got: Types = result("call_types").into_result().unwrap();
    let want = Types {
        a: None,
        b: true,
        f: 1.5,
        big: 1 << 70,
        l: (1, "x".into(), ()),
        d: json!({ "k": { "n": 1 } }),
    };
    assert_eq!(got, want);
}

#[test]
fn every_reply_answers_its_request_and_heartbeats_do_not_end_it() {
    for (case, messages) in captured() {
        let to = wire::reply_address(messages[0].body.as_bytes());
        for (index, reply) in messages.iter().enumerate().skip(1) {
            let reply = Reply::decode(reply.body.as_bytes()).unwrap();
            let to = to.as_ref().unwrap();
            assert_eq!(reply.message_id().to_string(), to.message_id, "{case}");
            assert_eq!(reply.is_ending(), index + 1 == messages.len(), "{case}");
            if !reply.is_ending() {
                assert_eq!(case, "monitor");
                assert_eq!(reply.result().unwrap(), "null");
            }
        }
    }
    assert_eq!(captured()["monitor"].len(), 4, "two heartbeats, one result");
}

fn failure(case: &str) -> RemoteError {
    let reply = Reply::decode(captured()[case][1].body.as_bytes()).unwrap();
    match reply.result() {
        Err(Error::Remote(remote)) => *remote,
        other => panic!("{case}: {other:?}"),
    }
}

#[test]
fn every_failure_says_what_was_raised() {
    let dispatcher = "oslo_messaging.rpc.dispatcher";
    let nothing = json!({});
    for (case, module, class, message, args, kwargs) in [
        (
            "boom",
            "__main__",
            "Boom",
            "because",
            json!(["because"]),
            &nothing,
        ),
        (
            "kwboom",
            "__main__",
            "KwBoom",
            "Flavor 7 not found",
            json!(["Flavor 7 not found"]),
            &json!({ "id": 7 }),
        ),
        (
            "valueerr",
            "builtins",
            "ValueError",
            "('bad value', 3)",
            json!(["bad value", 3]),
            &nothing,
        ),
        (
            "nomethod",
            dispatcher,
            "NoSuchMethod",
            "Endpoint does not support RPC method nosuch",
            json!(["Endpoint does not support RPC method nosuch"]),
            &nothing,
        ),
        (
            "noversion",
            dispatcher,
            "UnsupportedVersion",
            "Endpoint does not support RPC version 3.0. Attempted method: test",
            json!(["Endpoint does not support RPC version 3.0. Attempted method: test"]),
            &nothing,
        ),
        (
            "missing_version",
            dispatcher,
            "UnsupportedVersion",
            "Endpoint does not support RPC version 1.0. Attempted method: test",
            json!(["Endpoint does not support RPC version 1.0. Attempted method: test"]),
            &nothing,
        ),
        (
            "badargs",
            "builtins",
            "TypeError",
            "EP.test() got an unexpected keyword argument 'nope'",
            json!(["EP.test() got an unexpected keyword argument 'nope'"]),
            &nothing,
        ),
    ] {
        let remote = failure(case);
        assert!(remote.is(module, class), "{case}: {remote:?}");
        assert_eq!(remote.message, message, "{case}");
        assert_eq!(Value::from(remote.args), args, "{case}");
        assert_eq!(&Value::from(remote.kwargs), kwargs, "{case}");
        assert_eq!(
            remote.traceback.first().unwrap(),
            "Traceback (most recent call last):\n",
            "{case}"
        );
        let last = remote.traceback.last().unwrap();
        assert!(last.contains(class), "{case}: {last}");
    }
}
