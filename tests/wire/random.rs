//! Random requests: Python reads what Rust writes as the same object.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use rpc_runtime::Version;
use rpc_runtime::wire::{self, MessageId, Reply, ReplyTo, Request, RequestBody, RequestEncoder};
use rpc_tests::{Python, Seeded};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A generator of random values, the same in each run.
pub(crate) struct Random(Seeded);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Seeded::new(seed))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit)
    }

    fn wide(&mut self) -> i128 {
        let bits = u128::from(self.0.bits()) << 64 | u128::from(self.0.bits());
        bits.cast_signed()
    }

    fn text(&mut self) -> String {
        const PIECES: [&str; 16] = [
            "",
            "a",
            "name",
            "\u{0}",
            "\u{1f}",
            "\u{7f}",
            "\n\r\t",
            "\"",
            "\\",
            "\\\"",
            "你好",
            "🦀",
            "\u{2028}\u{2029}",
            "e\u{301}",
            "\u{10ffff}",
            "\\u0041",
        ];
        (0..self.below(6)).map(|_| PIECES[self.below(16)]).collect()
    }

    fn value(&mut self, depth: usize) -> Any {
        match self.below(if depth == 0 { 9 } else { 11 }) {
            0 => Any::Null,
            1 => Any::Bool(self.below(2) == 0),
            2 => Any::Integer(i128::from(self.0.bits().cast_signed() >> self.below(60))),
            3 => Any::Integer([0, -1, 1 << 70, -(1 << 70), i128::MAX, i128::MIN][self.below(6)]),
            4 => Any::Integer(self.wide() >> self.below(120)),
            5 => Any::Float([0.0, -0.0, 1e300, 5e-324, 0.1, 1e16, -1e22, 100.0][self.below(8)]),
            6 => loop {
                let float = f64::from_bits(self.0.bits());
                // JSON has only finite numbers. serde_json writes others as null.
                if float.is_finite() {
                    break Any::Float(float);
                }
            },
            7 | 8 => Any::Text(self.text()),
            9 => Any::List((0..self.below(5)).map(|_| self.value(depth - 1)).collect()),
            _ => Any::Object(self.object(depth - 1)),
        }
    }

    fn object(&mut self, depth: usize) -> Vec<(String, Any)> {
        let mut entries: Vec<(String, Any)> = Vec::new();
        for _ in 0..self.below(5) {
            let key = self.text();
            // Python keeps the last of equal keys.
            if entries.iter().all(|(other, _)| *other != key) {
                let value = self.value(depth);
                entries.push((key, value));
            }
        }
        entries
    }
}

/// Any value that JSON has, with integers as wide as Rust's.
enum Any {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Any>),
    Object(Vec<(String, Any)>),
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Bool(value) => to.serialize_bool(*value),
            Self::Integer(value) => to.serialize_i128(*value),
            Self::Float(value) => to.serialize_f64(*value),
            Self::Text(value) => to.serialize_str(value),
            Self::List(items) => to.collect_seq(items),
            Self::Object(entries) => object(entries).serialize(to),
        }
    }
}

/// Entries as an object, in their order.
fn object(entries: &[(String, Any)]) -> impl Serialize {
    struct Object<'a>(&'a [(String, Any)]);
    impl Serialize for Object<'_> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let mut map = to.serialize_map(Some(self.0.len()))?;
            for (key, value) in self.0 {
                map.serialize_entry(key, value)?;
            }
            map.end()
        }
    }
    Object(entries)
}

impl Any {
    /// The form in which `codec.py` reports values.
    fn exact(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => json!(value),
            Self::Integer(value) => json!({ "i": value.to_string() }),
            Self::Float(value) => {
                let mut digits = String::new();
                write!(digits, "{:016x}", value.to_bits()).unwrap();
                json!({ "f": digits })
            }
            Self::Text(value) => json!(value),
            Self::List(items) => items.iter().map(Self::exact).collect(),
            Self::Object(entries) => exact(entries),
        }
    }
}

fn exact(entries: &[(String, Any)]) -> Value {
    let entries = entries.iter();
    json!({ "d": entries.map(|(key, value)| json!([key, value.exact()])).collect::<Vec<_>>() })
}

/// A random request.
struct Written {
    body: Vec<u8>,
    args: Vec<(String, Any)>,
    context: Vec<(String, Any)>,
    /// The entries that Python must find in it, except `_unique_id`, which comes last.
    want: Vec<Value>,
}

fn request(random: &mut Random) -> Written {
    let method = format!("m{}", random.text());
    let mut args = random.object(4);
    if random.below(10) == 0 {
        args.clear();
    }
    let context = random.object(2);
    let namespace = (random.below(2) == 0).then(|| random.text());
    let version = match random.below(3) {
        0 => None,
        1 => Some(Version::new(1, 12)),
        _ => Some(Version::new(2, 0).with_revision(3)),
    };

    let mut want = vec![json!(["method", method]), json!(["args", exact(&args)])];
    if let Some(namespace) = &namespace {
        want.push(json!(["namespace", namespace]));
    }
    if let Some(version) = version {
        want.push(json!(["version", version.to_string()]));
    }
    for (key, value) in &context {
        want.push(json!([format!("_context_{key}"), value.exact()]));
    }

    let mut encoder = RequestEncoder::new(&method);
    for (name, value) in &args {
        encoder.argument(name, value).unwrap();
    }
    let body: RequestBody = encoder
        .finish(namespace.as_deref(), version, &object(&context))
        .unwrap();
    let all = |body: Bytes, want| Written {
        body: body.to_vec(),
        args,
        context,
        want,
    };
    if random.below(2) == 0 {
        return all(body.cast(), want);
    }
    let id = MessageId::unique();
    let queue = format!("reply_{}", random.text());
    let (monitor, seconds) = match random.below(3) {
        0 => (None, Any::Null),
        1 => (Some(Duration::from_secs(2)), Any::Integer(2)),
        _ => (Some(Duration::from_millis(1500)), Any::Float(1.5)),
    };
    want.push(json!(["_msg_id", id.to_string()]));
    want.push(json!(["_reply_q", queue]));
    want.push(json!(["_timeout", seconds.exact()]));
    all(body.call(id, &queue, monitor), want)
}

/// The entries of the message that Python finds in a body.
async fn read_by_python(codec: &mut Python, body: &[u8]) -> Vec<Value> {
    let body = std::str::from_utf8(body).unwrap();
    let mut message: Value = codec.ask(json!({ "body": body })).await.unwrap();
    match message["d"].take() {
        Value::Array(entries) => entries,
        other => panic!("{other} in {body}"),
    }
}

#[tokio::test]
#[ignore = "needs oslo.messaging: tests/run"]
async fn python_reads_every_request_as_it_was_meant() {
    let mut random = Random::new(1);
    let mut codec = Python::codec().await;
    for round in 0..200 {
        let Written { body, want, .. } = request(&mut random);
        let mut got = read_by_python(&mut codec, &body).await;
        let unique = got.pop().unwrap();
        assert_eq!(unique[0], "_unique_id", "round {round}");
        assert_eq!(unique[1].as_str().unwrap().len(), 32, "round {round}");
        assert_eq!(got, want, "round {round}");
    }
}

#[tokio::test]
#[ignore = "needs oslo.messaging: tests/run"]
async fn python_reads_every_reply_as_it_was_meant() {
    let mut random = Random::new(2);
    let mut codec = Python::codec().await;
    for round in 0..100 {
        let to = ReplyTo::new("reply_x", MessageId::unique().to_string());
        let value = random.value(4);
        let body = wire::success(&to, &value).unwrap();
        let mut got = read_by_python(&mut codec, &body).await;
        got.pop();
        let want = [
            json!(["result", value.exact()]),
            json!(["failure", null]),
            json!(["ending", true]),
            json!(["_msg_id", to.message_id]),
        ];
        assert_eq!(got, want, "round {round}");

        let (class, message, line) = (random.text(), random.text(), random.text());
        let error = rpc_runtime::RemoteError::new(&*class, &*message)
            .module("m")
            .kwarg("k", 1)
            .traceback([&*line]);
        let got = read_by_python(&mut codec, &wire::failure(&to, &error)).await;
        assert_eq!(got[1][0], "failure");
        let failure: Value = codec.ask(json!({ "failure": got[1][1] })).await.unwrap();
        let want = json!({ "class": class, "value": message, "traceback": [line] });
        assert_eq!(failure, want, "round {round}");
    }
    let to = ReplyTo::new("reply_x", MessageId::unique().to_string());
    let got = read_by_python(&mut codec, &wire::heartbeat(&to)).await;
    assert_eq!(got[2], json!(["ending", false]));
}

fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// Without Python: this library reads back what it writes.
#[test]
fn every_request_is_read_back() {
    let mut random = Random::new(4);
    for round in 0..500 {
        let Written {
            body,
            args,
            context,
            want,
        } = request(&mut random);
        let text = Request::open(&body).unwrap();
        let request = Request::parse(&text).unwrap();
        // Compared as text, since a `Value` would round integers.
        let sent = written(&object(&args));
        assert_eq!(request.arguments(), sent, "round {round}");
        let read: BTreeMap<String, Box<RawValue>> = request.context().unwrap();
        let read = read.into_iter();
        let read: BTreeMap<_, _> = read.map(|(key, value)| (key, value.to_string())).collect();
        let sent = context.into_iter();
        let sent: BTreeMap<_, _> = sent.map(|(key, value)| (key, written(&value))).collect();
        assert_eq!(read, sent, "round {round}");
        assert_eq!(
            json!(["method", request.method()]),
            want[0],
            "round {round}"
        );
        let find = |name: &str| {
            want.iter()
                .find(|entry| entry[0] == name)
                .map(|entry| &entry[1])
        };
        assert_eq!(
            request.namespace().map(Value::from).as_ref(),
            find("namespace")
        );
        assert_eq!(request.version().map(Value::from).as_ref(), find("version"));
        let to = request.reply_to();
        assert_eq!(to.map(|to| json!(to.queue)).as_ref(), find("_reply_q"));
        assert_eq!(to.map(|to| json!(to.message_id)).as_ref(), find("_msg_id"));
        let monitored = find("_timeout").is_some_and(|timeout| !timeout.is_null());
        assert_eq!(request.monitor().is_some(), monitored, "round {round}");
    }
    let to = ReplyTo::new("reply_x", MessageId::unique().to_string());
    let reply = Reply::decode(&wire::success(&to, &(1_i128 << 100)).unwrap()).unwrap();
    assert_eq!(reply.into_result::<i128>().unwrap(), 1 << 100);
}
