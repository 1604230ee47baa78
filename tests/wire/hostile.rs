//! Bytes that no valid peer sends. Each is an error or is decoded, and never a panic. Only the malformed argument or field
//! is lost.

use std::collections::BTreeMap;

use rpc_runtime::wire::{self, Reply, ReplyTo, Request};
use rpc_runtime::{Context, Error};
use rpc_tests::captured;
use rpc_tests::mutate::enveloped as envelope;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A call of `test` with these arguments.
fn call(args: &str) -> Vec<u8> {
    envelope(&format!(
        r#"{{"method": "test", "args": {args}, "_msg_id": "{ID}", "_reply_q": "reply_q"}}"#
    ))
}

const ID: &str = "00000000000000000000000000000001";

/// Calls every function that reads a body, to find panics.
fn exercise(body: &[u8]) {
    if let Ok(text) = Request::open(body)
        && let Ok(request) = Request::parse(&text)
    {
        let _ = request.context::<Context>();
        let _ = serde_json::from_str::<Value>(request.arguments());
        let _ = format!("{request:?}");
    }
    let _ = wire::reply_address(body);
    if let Ok(reply) = Reply::decode(body) {
        let _ = reply.result();
        let _ = reply.into_result::<Value>();
    }
}

#[test]
fn an_integer_of_any_size_is_wrong_for_its_own_type_alone() {
    let body = captured()["call_types"][0].body.clone();
    let text = Request::open(body.as_bytes()).unwrap();
    let request = Request::parse(&text).unwrap();
    let args: BTreeMap<String, &RawValue> = serde_json::from_str(request.arguments()).unwrap();
    let big = args["big"].get();
    assert_eq!(serde_json::from_str::<i128>(big).unwrap(), 1 << 70);
    assert!(serde_json::from_str::<u64>(big).is_err());
    assert_eq!(args["f"].get(), "1.5");

    let huge = format!(r#"{{"a": 1{}, "b": 2}}"#, "0".repeat(10_000));
    let body = call(&huge);
    let text = Request::open(&body).unwrap();
    let request = Request::parse(&text).unwrap();
    let args: BTreeMap<String, &RawValue> = serde_json::from_str(request.arguments()).unwrap();
    assert!(serde_json::from_str::<i128>(args["a"].get()).is_err());
    assert_eq!(args["b"].get(), "2");
}

#[test]
fn a_message_without_an_envelope_is_read() {
    let text =
        Request::open(br#"{"method": "test", "args": {"arg": 1}, "version": "2.0"}"#).unwrap();
    let request = Request::parse(&text).unwrap();
    assert_eq!((request.method(), request.version()), ("test", Some("2.0")));
    assert_eq!(request.arguments(), r#"{"arg": 1}"#);
    let reply = format!(r#"{{"result": 7, "failure": null, "ending": true, "_msg_id": "{ID}"}}"#);
    assert_eq!(
        Reply::decode(reply.as_bytes())
            .unwrap()
            .into_result::<u8>()
            .unwrap(),
        7
    );
}

#[test]
fn keys_that_are_not_known_are_passed_over() {
    let body = br#"{"x": [1], "oslo.version": "2.0", "y": {"a": NaN}, "oslo.message":
        "{\"later\": {\"a\": [NaN]}, \"method\": \"m\", \"_context_a\": 1, \"_other\": \"\\ud800\"}"}"#;
    let text = Request::open(body).unwrap();
    let request = Request::parse(&text).unwrap();
    assert_eq!((request.method(), request.arguments()), ("m", "{}"));
    assert_eq!(
        json!(request.context::<Context>().unwrap()),
        json!({ "a": 1 })
    );
}

#[test]
fn a_value_that_json_lacks_fails_alone() {
    for bad in [
        "NaN",
        "Infinity",
        "-Infinity",
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#"["\ud83d"]"#,
    ] {
        let body = envelope(&format!(
            r#"{{"method": "test", "args": {{"arg": {bad}}}, "_context_bad": {bad},
                "_context_good": 1, "_msg_id": "{ID}", "_reply_q": "reply_q", "version": "1.0"}}"#
        ));
        let text = Request::open(&body).unwrap();
        let request = Request::parse(&text).unwrap();
        assert_eq!((request.method(), request.version()), ("test", Some("1.0")));
        assert_eq!(request.reply_to(), Some(&ReplyTo::new("reply_q", ID)));
        assert!(
            serde_json::from_str::<Value>(request.arguments()).is_err(),
            "{bad}"
        );
        assert!(request.context::<Context>().is_err(), "{bad}");

        let reply = envelope(&format!(
            r#"{{"result": {bad}, "failure": null, "ending": true, "_msg_id": "{ID}"}}"#
        ));
        let reply = Reply::decode(&reply).unwrap();
        assert_eq!(reply.message_id().to_string(), ID);
        let error = reply.into_result::<Value>().unwrap_err();
        assert!(matches!(error, Error::Deserialize { .. }), "{error}");
    }
}

#[test]
fn depth_bombs_cost_nothing_but_their_length() {
    const DEPTH: usize = 1_000_000;
    let lists = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    // Fewer levels, since each level is longer. The test is about depth, not size.
    let objects = format!(
        "{}1{}",
        r#"{"a":"#.repeat(DEPTH / 10),
        "}".repeat(DEPTH / 10)
    );
    for bomb in [lists, objects] {
        let body = call(&format!(r#"{{"arg": {bomb}}}"#));
        let text = Request::open(&body).unwrap();
        let request = Request::parse(&text).unwrap();
        assert_eq!(request.reply_to(), Some(&ReplyTo::new("reply_q", ID)));
        assert!(serde_json::from_str::<Value>(request.arguments()).is_err());
        assert_eq!(
            wire::reply_address(&body),
            Some(ReplyTo::new("reply_q", ID))
        );

        exercise(bomb.as_bytes());
        exercise(&envelope(&bomb));
        exercise(&envelope(&format!(
            r#"{{"_context_a": {bomb}, "method": {bomb}, "failure": {bomb}, "_msg_id": "{ID}"}}"#
        )));
        let failure = json!(format!(
            r#"{{"class": "C", "args": {bomb}, "kwargs": {bomb}}}"#
        ));
        let reply = envelope(&format!(
            r#"{{"result": null, "failure": {failure}, "ending": true, "_msg_id": "{ID}"}}"#
        ));
        let error = Reply::decode(&reply).unwrap().into_result::<()>();
        let error = error.unwrap_err();
        assert_eq!(error.remote().unwrap().class, "C");
    }
    exercise("[".repeat(DEPTH).as_bytes());
    exercise(&call(&"[".repeat(DEPTH)));
}

#[test]
fn a_body_cut_short_is_an_error_at_every_length() {
    for (case, messages) in captured() {
        for message in messages {
            let body = message.body.as_bytes();
            for length in 0..body.len() {
                assert!(
                    Request::open(&body[..length]).is_err(),
                    "{case} at {length}"
                );
                assert!(
                    Reply::decode(&body[..length]).is_err(),
                    "{case} at {length}"
                );
                exercise(&body[..length]);
            }
            // The message is cut short in an intact envelope.
            let text = Request::open(body).unwrap();
            let ends = text.char_indices().map(|(end, _)| end);
            for length in ends {
                let body = envelope(&text[..length]);
                let cut = Request::open(&body).unwrap();
                assert!(Request::parse(&cut).is_err(), "{case} at {length}");
                assert!(Reply::decode(&body).is_err(), "{case} at {length}");
                exercise(&body);
            }
        }
    }
}

#[test]
fn any_byte_changed_is_an_error_or_a_decode() {
    for (number, message) in captured().into_values().flatten().enumerate() {
        let mut body = message.body.into_bytes();
        for at in 0..body.len() {
            // Many messages are alike. The next one has another of these in the same place.
            let with = [0, b'"', b'\\', b'{', b'}', b',', 0xff][(at + number) % 7];
            let before = std::mem::replace(&mut body[at], with);
            exercise(&body);
            body[at] = before;
        }
    }
}

#[test]
fn bytes_that_are_no_utf_8_are_an_error_that_still_finds_the_caller() {
    let mut body = call(r#"{"arg": "@"}"#);
    let at = body.iter().position(|&byte| byte == b'@').unwrap();
    body[at] = 0xff;
    let error = Request::open(&body).unwrap_err().to_string();
    assert_eq!(error, format!("the body is not UTF-8 (at byte {at})"));
    assert_eq!(
        wire::reply_address(&body),
        Some(ReplyTo::new("reply_q", ID))
    );
    assert!(Reply::decode(&body).is_err());
    exercise(&[0xff; 64]);
    exercise(b"\xef\xbb\xbf{}");
}

#[test]
fn an_envelope_of_another_version_is_refused() {
    let inner = json!(r#"{"method": "m"}"#);
    for (version, readable) in [
        (r#""2.0""#, true),
        (r#""1.0""#, false),
        (r#""2.1""#, false),
        (r#""3.0""#, false),
        (r#""two""#, false),
        ("2.0", false),
        ("null", false),
        (r#"{"a": "2.0"}"#, false),
    ] {
        let body = format!(r#"{{"oslo.version": {version}, "oslo.message": {inner}}}"#);
        let opened = Request::open(body.as_bytes());
        assert_eq!(opened.is_ok(), readable, "{version}");
        exercise(body.as_bytes());
    }
    // An envelope whose message is not a string.
    for message in ["1", "null", r#"{"method": "m"}"#, "[]"] {
        let body = format!(r#"{{"oslo.version": "2.0", "oslo.message": {message}}}"#);
        assert!(Request::open(body.as_bytes()).is_err(), "{message}");
        exercise(body.as_bytes());
    }
}

#[test]
fn the_caller_of_a_bad_message_is_found_where_it_can_be_read() {
    let found = Some(ReplyTo::new("reply_q", ID));
    let address = format!(r#""_msg_id": "{ID}", "_reply_q": "reply_q""#);
    for message in [
        // No method, a method that is not a string, a key of a wrong type, a missing end.
        format!("{{{address}}}"),
        format!(r#"{{{address}, "method": 3}}"#),
        format!(r#"{{"version": 2.0, "method": "m", {address}}}"#),
        format!(r#"{{{address}, "method": "m", "args": [1, 2"#),
    ] {
        let body = envelope(&message);
        let text = Request::open(&body).unwrap();
        assert!(Request::parse(&text).is_err(), "{message}");
        assert_eq!(wire::reply_address(&body), found, "{message}");
    }
    for message in [
        r#"{"method": "m", "args": {"#.to_owned(),
        format!(r#"{{"_msg_id": 1, {address}}}"#),
        r#"{"_msg_id": "1"}"#.to_owned(),
        r#"{"_reply_q": null, "_msg_id": "1"}"#.to_owned(),
        "[]".to_owned(),
    ] {
        assert_eq!(wire::reply_address(&envelope(&message)), None, "{message}");
    }
    // A cast has no reply address.
    assert_eq!(
        wire::reply_address(captured()["cast"][0].body.as_bytes()),
        None
    );
}

#[test]
fn a_failure_that_is_half_readable_keeps_what_can_be_read() {
    let failure = |failure: &str| {
        let message = format!(
            r#"{{"result": null, "failure": {failure}, "ending": true, "_msg_id": "{ID}"}}"#
        );
        let reply = Reply::decode(&envelope(&message)).unwrap();
        match reply.into_result::<Value>() {
            Err(Error::Remote(remote)) => *remote,
            other => panic!("{failure}: {other:?}"),
        }
    };
    let odd =
        failure(&json!(r#"{"class": "C", "message": 3, "tb": "x", "args": NaN}"#).to_string());
    assert_eq!((odd.class.as_str(), odd.message.as_str()), ("C", "3"));
    let text = failure(r#""it broke""#);
    assert_eq!(text.message, "it broke");
    assert_eq!(failure("{}").class, "");
    assert_eq!(failure("7").class, "");
}

#[test]
fn malformed_monitors_count_as_none() {
    for (timeout, monitored) in [
        ("2", true),
        ("2.5", true),
        ("0", false),
        ("-1", false),
        ("null", false),
        ("NaN", false),
        ("1e400", false),
        ("1e300", false),
        (r#""2""#, false),
        ("true", false),
    ] {
        let body = envelope(&format!(r#"{{"method": "m", "_timeout": {timeout}}}"#));
        let text = Request::open(&body).unwrap();
        let request = Request::parse(&text).unwrap();
        assert_eq!(request.monitor().is_some(), monitored, "{timeout}");
    }
}

#[test]
fn an_error_quotes_no_megabytes() {
    let text = "é".repeat(1 << 20);
    let reply = envelope(&format!(
        r#"{{"result": "{text}", "failure": null, "ending": true, "_msg_id": "{ID}"}}"#
    ));
    let error = Reply::decode(&reply).unwrap().into_result::<u8>();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("éé"), "{error}");
    assert!(error.len() < 2048, "{} bytes", error.len());
}

#[test]
fn the_work_is_as_long_as_the_message() {
    let entry = r#""_context_a": 1, "a": 2, "method": "m", "_msg_id": "x", "_reply_q": "q", "#;
    let many = envelope(&format!("{{{}\"_timeout\": 1}}", entry.repeat(50_000)));
    // Work that grows with the square of the length would take minutes.
    let began = tokio::time::Instant::now();
    exercise(&many);
    assert!(began.elapsed() < std::time::Duration::from_secs(20));
}
