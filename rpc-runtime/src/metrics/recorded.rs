//! Records metrics through the facade `metrics`. The program installs a recorder, which exports them.
//!
//! Compiled only with the feature `metrics`; `unrecorded` has the same functions without it.

use metrics::{
    Label, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use tokio::time::Instant;

use super::classes::{OTHER, label};
use super::names::{
    CLIENT, COUNTERS, Name, Names, PERMIT_SECONDS, RECEIVED, REPLIES_DROPPED, REQUESTS_DROPPED,
    SENT, SERVER, UNPUBLISHED,
};
#[cfg(feature = "rabbit")]
use super::names::{CONNECTED, CONNECTION_FAILED, CONNECTION_LOST, RECONNECTED};
use super::{Arrived, Dropped, Lost, SentMessage, Unpublished};
use crate::future::BoxFuture;
use crate::interface::Method;
use crate::span::Operation;
use crate::{RemoteError, Result};

/// Registers the descriptions of all metrics with the recorder, if one is installed already.
pub(crate) fn describe() {
    for names in [CLIENT, SERVER] {
        for (name, text) in [names.started, names.finished] {
            describe_counter!(name, text);
        }
        let (name, text) = names.in_flight;
        describe_gauge!(name, text);
    }
    for (name, text) in COUNTERS {
        describe_counter!(*name, *text);
    }
    for (name, text) in [CLIENT.seconds, SERVER.seconds, PERMIT_SECONDS] {
        describe_histogram!(name, metrics::Unit::Seconds, text);
    }
}

/// Records a client's message, and its outcome when `result` completes.
pub(crate) fn sent<'f, T: Arrived + Send + 'f>(
    sending: SentMessage<'_>,
    result: BoxFuture<'f, Result<T>>,
) -> BoxFuture<'f, Result<T>> {
    let SentMessage {
        operation,
        method,
        target,
        bytes,
    } = sending;
    let operation = match operation {
        Operation::Call => "call",
        Operation::Cast => "cast",
    };
    let namespace = target.namespace.as_deref();
    let mut labels = described(&target.topic, namespace, method);
    labels.push(Label::from_static_parts("operation", operation));
    let in_flight = InFlight::begin(CLIENT, labels);
    bytes_of(SENT, "client", &target.topic, bytes);
    let topic = target.topic.clone();
    Box::pin(async move {
        let result = result.await;
        if let Some(bytes) = result.as_ref().ok().and_then(Arrived::bytes) {
            bytes_of(RECEIVED, "client", &topic, bytes);
        }
        in_flight.done(match &result {
            Ok(arrived) => arrived.failure().map_or("ok", label),
            Err(error) => label(error.class()),
        });
        result
    })
}

/// The labels of a message's topic, namespace and method. The namespace is bounded because it is recorded
/// only with a method, which an interface declares.
fn described(topic: &str, namespace: Option<&str>, method: Option<&'static Method>) -> Vec<Label> {
    let namespace = namespace.filter(|_| method.is_some()).unwrap_or_default();
    vec![
        Label::new("topic", topic.to_owned()),
        Label::new("namespace", namespace.to_owned()),
        Label::from_static_parts("method", method.map_or(OTHER, Method::name)),
    ]
}

/// Records that a request for a server of `topic` has arrived.
pub(crate) fn received(topic: &str, bytes: usize) {
    bytes_of(RECEIVED, "server", topic, bytes);
}

/// Records that a server of `topic` sends a reply.
pub(crate) fn replied(topic: &str, bytes: usize) {
    bytes_of(SENT, "server", topic, bytes);
}

fn bytes_of((name, _): Name, side: &'static str, topic: &str, bytes: usize) {
    counter!(name, "side" => side, "topic" => topic.to_owned()).increment(bytes as u64);
}

/// A message in flight. If it is dropped before [`done`](Self::done), its outcome is `cancelled`.
#[derive(Debug)]
struct InFlight {
    names: &'static Names,
    labels: Vec<Label>,
    begun: Instant,
    outcome: &'static str,
}

impl InFlight {
    fn begin(names: &'static Names, labels: Vec<Label>) -> Self {
        counter!(names.started.0, labels.iter()).increment(1);
        gauge!(names.in_flight.0, labels.iter()).increment(1);
        Self {
            names,
            labels,
            begun: Instant::now(),
            outcome: "cancelled",
        }
    }

    fn done(mut self, outcome: &'static str) {
        self.outcome = outcome;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let Self {
            names,
            labels,
            begun,
            outcome,
        } = self;
        gauge!(names.in_flight.0, labels.iter()).decrement(1);
        histogram!(names.seconds.0, labels.iter()).record(begun.elapsed());
        let mut labels = std::mem::take(labels);
        labels.push(Label::from_static_parts("outcome", outcome));
        counter!(names.finished.0, labels).increment(1);
    }
}

/// A request that is being handled.
#[derive(Debug)]
pub(crate) struct Handling(InFlight);

impl Handling {
    /// Records a request that a server of `topic` runs. `method` is the method's description, if an interface of the
    /// server has one.
    pub(crate) fn begin(
        topic: &str,
        namespace: Option<&str>,
        method: impl FnOnce() -> Option<&'static Method>,
    ) -> Self {
        let labels = described(topic, namespace, method());
        Self(InFlight::begin(SERVER, labels))
    }

    pub(crate) fn done<T>(self, outcome: &Result<T, RemoteError>) {
        self.0.done(match outcome {
            Ok(_) => "ok",
            Err(error) => label(&error.class),
        });
    }
}

/// Records that a server of `topic` did not run a request.
pub(crate) fn request_dropped(topic: &str, why: Dropped) {
    let reason = match why {
        Dropped::Duplicate => "duplicate",
        Dropped::Malformed => "malformed",
        Dropped::TooLarge => "too_large",
        #[cfg(feature = "rabbit")]
        Dropped::Expired => "expired",
        Dropped::NotRun => "not_run",
    };
    let (name, _) = REQUESTS_DROPPED;
    counter!(name, "topic" => topic.to_owned(), "reason" => reason).increment(1);
}

/// Records replies that did not reach their callers.
pub(crate) fn replies_dropped(count: usize, what: Lost) {
    let reason = match what {
        Lost::Late => "late",
        Lost::Unreadable => "unreadable",
        Lost::Unsent => "unsent",
    };
    counter!(REPLIES_DROPPED.0, "reason" => reason).increment(count as u64);
}

/// A request that waits for a permit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting(Instant);

impl Waiting {
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Records the end of the wait. The request is for a server of `topic`.
    pub(crate) fn permitted(self, topic: &str) {
        let (name, _) = PERMIT_SECONDS;
        histogram!(name, "topic" => topic.to_owned()).record(self.0.elapsed());
    }
}

/// Records a failure to publish a message.
pub(crate) fn publish_failed(why: Unpublished) {
    let reason = match why {
        Unpublished::Returned => "returned",
        Unpublished::Rejected => "rejected",
        Unpublished::Refused => "refused",
        Unpublished::GivenUp => "given_up",
    };
    counter!(UNPUBLISHED.0, "reason" => reason).increment(1);
}

/// Records a new connection. `role` says whether it publishes or consumes; `again`, whether it replaces a
/// lost one.
#[cfg(feature = "rabbit")]
pub(crate) fn connected(role: &'static str, again: bool) {
    counter!(CONNECTED.0, "role" => role).increment(1);
    if again {
        counter!(RECONNECTED.0, "role" => role).increment(1);
    }
}

/// Records a failed attempt to connect.
#[cfg(feature = "rabbit")]
pub(crate) fn connection_failed(role: &'static str) {
    counter!(CONNECTION_FAILED.0, "role" => role).increment(1);
}

/// Records the loss of a connection.
#[cfg(feature = "rabbit")]
pub(crate) fn connection_lost(role: &'static str) {
    counter!(CONNECTION_LOST.0, "role" => role).increment(1);
}
