//! Compares the typed interfaces of `examples/openstack` with the Python originals.
//!
//! This file uses messages of a real nova 33.0.2: the requests must equal those of nova's own client, and the replies
//! are nova's. `replay` uses messages of the clients of many services under each version cap.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "openstack/nova.rs"]
mod nova;
#[path = "openstack/others.rs"]
mod others;
mod recorder;
#[path = "openstack/replay.rs"]
mod replay;
#[path = "openstack/servers.rs"]
mod servers;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use openstack_api::nova::{BaseApiClient, ConductorClient};
use rpc_runtime::transport::{CallTerms, Driver, ListenTerms, Listener, SendTerms};
use rpc_runtime::wire::{MessageId, Reply, Request, RequestBody};
use rpc_runtime::{Context, Error, Result, Target, Transport};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Answers the next call with captured bytes, and keeps the request.
#[derive(Debug)]
struct Nova {
    replies: Vec<Value>,
    sent: Arc<Mutex<Option<(Target, Value)>>>,
}

#[async_trait]
impl Driver for Nova {
    async fn send(&self, _: &Target, _: RequestBody, _: &SendTerms) -> Result<()> {
        Err(Error::new_closed())
    }

    async fn call(
        &self,
        target: &Target,
        request: RequestBody,
        terms: &CallTerms,
    ) -> Result<Reply> {
        let body = request.call(MessageId::unique(), "reply_x", terms.monitor);
        let text = Request::open(&body).unwrap();
        let message = serde_json::from_str(&text).unwrap();
        *self.sent.lock().unwrap() = Some((target.clone(), message));
        let last = self.replies.last().unwrap();
        Ok(Reply::decode(last["body"].as_str().unwrap().as_bytes()).unwrap())
    }

    async fn listen(&self, _: &Target, _: &ListenTerms) -> Result<Box<dyn Listener>> {
        Err(Error::new_closed())
    }

    async fn close(&self) {}
}

struct Case {
    captured: Value,
    transport: Transport,
    sent: Arc<Mutex<Option<(Target, Value)>>>,
}

impl Case {
    fn new(name: &str) -> Self {
        let all: Value = serde_json::from_str(include_str!("wire/nova_33.json")).unwrap();
        let cases = all["cases"].as_array().unwrap();
        let captured = cases
            .iter()
            .find(|case| case["case"] == name)
            .unwrap()
            .clone();
        let sent = Arc::default();
        let replies = captured["replies"].as_array().unwrap().clone();
        let transport = Transport::from_driver(Nova {
            replies,
            sent: Arc::clone(&sent),
        });
        Self {
            captured,
            transport,
            sent,
        }
    }

    /// The context that nova's client sent.
    fn ctxt(&self) -> Context {
        serde_json::from_value(self.captured["client"]["ctxt"].clone()).unwrap()
    }

    fn args(&self) -> &Value {
        &self.captured["client"]["args"]
    }

    /// Fails unless the request equals that of nova's client, except for identities and the monitor.
    fn assert_sent(&self) {
        let (target, mut sent) = self.sent.lock().unwrap().take().unwrap();
        let request = &self.captured["request"];
        assert_eq!(target.exchange_name(), request["exchange"]);
        assert_eq!(target.topic, request["routing_keys"][0]);
        let body = request["body"].as_str().unwrap();
        let text = Request::open(body.as_bytes()).unwrap();
        let mut wanted: Value = serde_json::from_str(&text).unwrap();
        for message in [&mut sent, &mut wanted] {
            for identity in ["_msg_id", "_reply_q", "_unique_id"] {
                let value = message.as_object_mut().unwrap().remove(identity).unwrap();
                assert!(value.is_string(), "{identity}");
            }
        }
        assert_eq!(sent, wanted);
    }
}

#[tokio::test]
async fn base_api_ping() {
    for name in ["nova-ping", "nova-ping-types"] {
        let case = Case::new(name);
        let base = BaseApiClient::new(&case.transport, "conductor");
        let request = case.captured["request"]["body"].as_str().unwrap();
        let text = Request::open(request.as_bytes()).unwrap();
        let arguments = Request::parse(&text).unwrap().arguments();
        let mut arguments: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(arguments).unwrap();
        let arg = arguments.remove("arg").unwrap();
        let pong = base.ping(&case.ctxt(), arg.clone()).await.unwrap();
        case.assert_sent();
        assert_eq!(pong.service, "conductor");
        // Exactly equal, integers of 70 bits included.
        assert_eq!(pong.arg.get(), arg.get());
    }
}

#[tokio::test]
async fn conductor_without_arguments() {
    let case = Case::new("nova-provider_fw_rule_get_all");
    let conductor = ConductorClient::new(&case.transport);
    let rules = conductor
        .provider_fw_rule_get_all(&case.ctxt())
        .await
        .unwrap();
    case.assert_sent();
    assert_eq!(rules, Vec::<Value>::new());
}

#[tokio::test]
async fn conductor_object_class_action() {
    let case = Case::new("nova-service_get_by_host");
    let service = class_action(&case).await.unwrap();
    case.assert_sent();
    assert_eq!(service["nova_object.name"], "Service");
    assert_eq!(service, case.captured["outcome"]["result"]);
}

#[tokio::test]
async fn conductor_raises_novas_own_class() {
    let case = Case::new("nova-keypair_get_missing");
    let error = class_action(&case).await.unwrap_err();
    case.assert_sent();
    let remote = error.remote().unwrap();
    assert!(remote.is("nova.exception", "KeypairNotFound"), "{remote}");
    assert_eq!(remote.message, "Keypair nope not found for user u-demo");
    assert!(remote.traceback[0].starts_with("Traceback"));
}

async fn class_action(case: &Case) -> Result<Value> {
    let args = case.args();
    let versions: BTreeMap<String, String> =
        serde_json::from_value(args["object_versions"].clone()).unwrap();
    assert_eq!(args["kwargs"], json!({}));
    ConductorClient::new(&case.transport)
        .object_class_action_versions(
            &case.ctxt(),
            args["objname"].as_str().unwrap(),
            args["objmethod"].as_str().unwrap(),
            &versions,
            args["args"].as_array().unwrap(),
            &BTreeMap::new(),
        )
        .await
}
