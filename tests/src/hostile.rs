//! Properties that hold for any bytes. Each function takes bytes, and panics if a property is violated.
//!
//! The fuzz targets and `tests/mutations.rs` run these checks.

use std::collections::BTreeMap;

use rpc_runtime::transport::ReplyTable;
use rpc_runtime::wire::{
    self, Malformed, MessageId, Reply, ReplyTo, Request, RequestBody, RequestEncoder,
};
use rpc_runtime::{Context, Error, Transport, TransportUrl};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::mutate;

/// The greatest length of an error, since errors quote only a part of a peer's message.
const QUOTED: usize = 4096;

/// Reads the bytes as a request, and as the message in a request's envelope.
pub fn request(bytes: &[u8]) {
    request_body(bytes);
    request_body(&mutate::enveloped(&String::from_utf8_lossy(bytes)));
}

fn request_body(body: &[u8]) {
    let address = wire::reply_address(body);
    let Some(text) = short_error(Request::open(body)) else {
        return;
    };
    let Some(request) = short_error(Request::parse(&text)) else {
        return;
    };
    assert_eq!(request.reply_to(), address.as_ref(), "one caller");
    assert!(request.monitor().is_none_or(|monitor| !monitor.is_zero()));
    assert!(!format!("{request:?}").is_empty());
    if let Some(again) = written_anew(&request) {
        let body = again.call(MessageId::unique(), "q", request.monitor());
        let text = Request::open(&body).expect("what is written can be opened");
        let again = Request::parse(&text).expect("what is written can be read");
        assert_eq!(again.method(), request.method());
        assert_eq!(again.namespace(), request.namespace());
        assert_eq!(again.stamp(), request.stamp());
        assert_eq!(again.monitor(), request.monitor());
        assert_eq!(values(again.arguments()), values(request.arguments()));
        assert_eq!(
            again.context::<Value>().ok(),
            request.context::<Value>().ok()
        );
    }
}

/// The same request, written by the encoder; none if it contains something that cannot be written.
fn written_anew(request: &Request<'_>) -> Option<RequestBody> {
    let arguments: BTreeMap<String, &RawValue> = serde_json::from_str(request.arguments()).ok()?;
    let context: Context = request.context().ok()?;
    let mut encoder = RequestEncoder::new(request.method());
    for (name, value) in arguments {
        encoder.argument(&name, value).ok()?;
    }
    encoder
        .finish(request.namespace(), Some(request.stamp()?), &context)
        .ok()
}

fn values(arguments: &str) -> Option<Value> {
    serde_json::from_str(arguments).ok()
}

fn short_error<T>(read: Result<T, Malformed>) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(error.to_string().len() < QUOTED, "a long error");
            None
        }
    }
}

/// Reads the bytes as the context of a request, into each kind of type.
pub fn context(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let message = format!(r#"{{"method":"m","_context_a":{text},"_context_{text}":1}}"#);
    for text in [&message, &*text] {
        let Ok(request) = Request::parse(text) else {
            continue;
        };
        let _ = request.context::<()>();
        let _ = request.context::<Option<BTreeMap<String, String>>>();
        let _ = request.context::<BTreeMap<String, Box<RawValue>>>();
        let _ = request.context::<Vec<u8>>();
        if let Ok(context) = request.context::<Context>() {
            let body = RequestEncoder::new("m").finish(None, None, &context);
            let body = body.expect("a context can be written").cast();
            let text = Request::open(&body).expect("it can be opened");
            let again = Request::parse(&text).expect("it can be read");
            let again = again.context::<Context>();
            assert_eq!(again.expect("it is a context"), context);
        }
    }
}

/// Reads the bytes as a reply, and as the message in a reply's envelope.
pub fn reply(bytes: &[u8]) {
    reply_body(bytes);
    reply_body(&mutate::enveloped(&String::from_utf8_lossy(bytes)));
}

fn reply_body(body: &[u8]) {
    let Some(reply) = short_error(Reply::decode(body)) else {
        return;
    };
    let to = ReplyTo::new("q", reply.message_id().to_string());
    ReplyTable::new().complete(Reply::decode(body).expect("it was read before"));
    if let Err(error @ Error::Deserialize { .. }) = Reply::decode(body)
        .expect("it was read before")
        .into_result::<u8>()
    {
        assert!(error.to_string().len() < QUOTED, "a long error");
    }
    let again = match reply.into_result::<Value>() {
        Ok(value) => {
            let body = wire::success(&to, &value).expect("a value can be written");
            let again = Reply::decode(&body).expect("what is written can be read");
            assert_eq!(again.message_id().to_string(), to.message_id);
            let again = again.into_result::<Value>();
            return assert_eq!(again.expect("it is a result"), value);
        }
        Err(Error::Remote(error)) => (wire::failure(&to, &error), error),
        Err(_) => return,
    };
    let (body, error) = again;
    let again = Reply::decode(&body).expect("what is written can be read");
    match again.into_result::<Value>() {
        Err(Error::Remote(again)) => assert_eq!(again, error),
        other => panic!("{other:?} in place of {error:?}"),
    }
}

/// Reads the bytes as a transport URL. Its printed form is the URL without its secrets.
pub fn transport_url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(url) = text.parse::<TransportUrl>() else {
        return;
    };
    let shown = url.to_string();
    assert_eq!(shown, format!("{url:?}"));
    let again: TransportUrl = shown.parse().expect("what is shown is a URL");
    assert_eq!(again.driver(), url.driver());
    assert_eq!(again.virtual_host(), url.virtual_host());
    assert_eq!(again.hosts().len(), url.hosts().len());
    for (again, host) in again.hosts().iter().zip(url.hosts()) {
        assert_eq!((&again.name, again.port), (&host.name, host.port));
        let hidden = |password: &rpc_runtime::transport::Secret| password.expose() == "***";
        assert_eq!(again.password.is_some(), host.password.is_some());
        assert!(again.password.as_ref().is_none_or(hidden), "{shown}");
    }
    // Making a transport may fail, but must not panic.
    if let Ok(transport) = Transport::from_url(&url) {
        assert!(!format!("{transport:?}").is_empty());
    }
}
