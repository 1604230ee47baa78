//! A transport that keeps the messages, and answers calls with given values.

#![allow(dead_code, reason = "each test uses what it needs")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use rpc_runtime::transport::{CallTerms, Driver, ListenTerms, Listener, SendTerms};
use rpc_runtime::wire::{MessageId, Reply, Request, RequestBody};
use rpc_runtime::{Error, Result, Target, Transport};
use rpc_tests::mutate;
use serde_json::{Value, json};

/// One message, as it was passed to the transport.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) target: Target,
    pub(crate) is_call: bool,
    pub(crate) message: Value,
    pub(crate) timeout: Option<Duration>,
    pub(crate) monitor: Option<Duration>,
}

/// The messages that were sent and that the test has not taken yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox(Arc<Mutex<Vec<Sent>>>);

impl Outbox {
    /// All of them.
    pub(crate) fn take_all(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// The only one.
    pub(crate) fn take(&self) -> Sent {
        let mut sent = self.take_all();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0)
    }
}

#[derive(Debug)]
pub(crate) struct Recorder {
    sent: Outbox,
    replies: Mutex<VecDeque<Value>>,
    answer: Value,
}

impl Recorder {
    /// A transport that answers each call with the same value.
    pub(crate) fn transport(answer: Value) -> (Transport, Outbox) {
        Self::replying([], answer)
    }

    /// A transport that answers calls with these values, in order, and further calls with the last one.
    pub(crate) fn replying(
        replies: impl IntoIterator<Item = Value>,
        answer: Value,
    ) -> (Transport, Outbox) {
        let sent = Outbox::default();
        let recorder = Self {
            sent: sent.clone(),
            replies: Mutex::new(replies.into_iter().collect()),
            answer,
        };
        (Transport::from_driver(recorder), sent)
    }

    fn keep(&self, target: &Target, body: &[u8], terms: Option<&CallTerms>) {
        let text = Request::open(body).unwrap();
        self.sent.0.lock().unwrap().push(Sent {
            target: target.clone(),
            is_call: terms.is_some(),
            message: serde_json::from_str(&text).unwrap(),
            timeout: terms.map(|terms| terms.timeout),
            monitor: terms.and_then(|terms| terms.monitor),
        });
    }
}

#[async_trait]
impl Driver for Recorder {
    async fn send(&self, target: &Target, request: RequestBody, _: &SendTerms) -> Result<()> {
        self.keep(target, &request.cast(), None);
        Ok(())
    }

    async fn call(
        &self,
        target: &Target,
        request: RequestBody,
        terms: &CallTerms,
    ) -> Result<Reply> {
        let id = MessageId::unique();
        let body = request.call(id, "reply_x", terms.monitor);
        self.keep(target, &body, Some(terms));
        let next = self.replies.lock().unwrap().pop_front();
        let answer = next.unwrap_or_else(|| self.answer.clone());
        let id = id.to_string();
        let reply = json!({"result": answer, "failure": null, "ending": true, "_msg_id": id});
        Ok(Reply::decode(&mutate::enveloped(&reply.to_string())).unwrap())
    }

    async fn listen(&self, _: &Target, _: &ListenTerms) -> Result<Box<dyn Listener>> {
        Err(Error::new_closed())
    }

    async fn close(&self) {}
}
