//! Requests, contexts and transport URLs with any values are read back as they were written.

use std::time::Duration;

use proptest::prelude::*;
use rpc_runtime::transport::Secret;
use rpc_runtime::wire::{self, MessageId, Reply, ReplyTo, Request, RequestEncoder};
use rpc_runtime::{Context, TransportUrl, Version};
use serde_json::{Map, Value};

/// Any value that JSON has.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            object(inner).prop_map(Value::Object),
        ]
    })
}

fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((any::<String>(), value), 0..6)
        .prop_map(|entries| entries.into_iter().collect())
}

/// Text for a URL, with every byte encoded.
fn encoded(text: &str) -> String {
    let bytes = text.bytes();
    bytes.fold(String::new(), |text, byte| format!("{text}%{byte:02X}"))
}

proptest! {
    #[test]
    fn requests(
        method in any::<String>(),
        args in object(value()),
        context in object(value()),
        namespace in any::<Option<String>>(),
        version in any::<Option<(u16, u16)>>(),
        queue in any::<String>(),
        monitor in prop::option::of(1..u64::MAX),
    ) {
        let version = version.map(|(major, minor)| Version::new(major.into(), minor.into()));
        let context: Context = serde_json::from_value(Value::Object(context)).unwrap();
        let monitor = monitor.map(Duration::from_nanos);
        let mut encoder = RequestEncoder::new(&method);
        for (name, value) in &args {
            encoder.argument(name, value).unwrap();
        }
        let body = encoder.finish(namespace.as_deref(), version, &context).unwrap();
        let id = MessageId::unique();
        let body = body.call(id, &queue, monitor);
        let text = Request::open(&body).unwrap();
        let request = Request::parse(&text).unwrap();
        prop_assert_eq!(request.method(), method);
        prop_assert_eq!(request.namespace(), namespace.as_deref());
        prop_assert_eq!(request.stamp(), version.or(Some(Version::new(1, 0))));
        let to = ReplyTo::new(queue, id.to_string());
        prop_assert_eq!(wire::reply_address(&body), Some(to.clone()));
        prop_assert_eq!(request.reply_to(), Some(&to));
        let sent: Map<String, Value> = serde_json::from_str(request.arguments()).unwrap();
        prop_assert_eq!(sent, args);
        prop_assert_eq!(request.context::<Context>().unwrap(), context);
        // Compared with the precision of a floating-point number.
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        prop_assert_eq!(seconds(request.monitor()), seconds(monitor));
    }

    #[test]
    fn replies(result in value()) {
        let to = ReplyTo::new("q", MessageId::unique().to_string());
        let reply = Reply::decode(&wire::success(&to, &result).unwrap()).unwrap();
        prop_assert_eq!(reply.message_id().to_string(), to.message_id);
        prop_assert_eq!(reply.into_result::<Value>().unwrap(), result);
    }

    #[test]
    fn transport_urls_without_passwords(
        hosts in prop::collection::vec(
            ("[a-z0-9.-]{1,20}", any::<Option<String>>(), 1..=u16::MAX, any::<bool>()),
            1..4,
        ),
        path in "[^/]{1,10}",
        password in "[0-9]{20}[^*]{0,4}",
    ) {
        let written: Vec<_> = hosts.iter().map(|(name, user, port, locked)| {
            let user = user.as_deref().map(encoded);
            let password = if *locked { format!(":{}", encoded(&password)) } else { String::new() };
            match user {
                Some(user) => format!("{user}{password}@{name}:{port}"),
                None => format!("{name}:{port}"),
            }
        }).collect();
        let text = format!("rabbit://{}/{}?ssl_key_password={}", written.join(","), encoded(&path), encoded(&password));
        let url: TransportUrl = text.parse().unwrap();
        prop_assert_eq!(url.hosts().len(), hosts.len());
        for (host, (name, user, port, locked)) in url.hosts().iter().zip(&hosts) {
            prop_assert_eq!((&host.name, host.port, &host.user), (name, Some(*port), user));
            let shown = host.password.as_ref().map(Secret::expose);
            prop_assert_eq!(shown, (*locked && user.is_some()).then_some(&*password));
        }
        prop_assert_eq!(url.virtual_host(), Some(&*path));
        let shown = format!("{url} {url:?}");
        prop_assert!(!shown.contains(&password[..20]), "{}", shown);
    }
}
