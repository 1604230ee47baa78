//! One request's way through a server: acknowledged, read, dispatched, answered.
//!
//! Whatever a peer sent or a handler does, it ends here: a failure for the caller where there is one,
//! and a log line; the server goes on.

use std::any::Any;
use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::endpoint::{BoxFuture, Invocation, Outcome};
use crate::serializer::Serializer;
use crate::transport::{Delivery, Incoming};
use crate::wire::{self, Malformed, ReplyTo, Request};
use crate::{RemoteError, Target};

use super::dispatch::Dispatcher;
use super::duplicates::Duplicates;

/// A monitor that asks for more signs of life than this is given no more.
const SHORTEST_HEARTBEAT: Duration = Duration::from_millis(20);

/// What all requests of one server share.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) target: Target,
    pub(super) dispatcher: Dispatcher,
    pub(super) serializer: Option<Box<dyn Serializer>>,
    pub(super) duplicates: Mutex<Duplicates>,
}

impl Service {
    /// Takes a request through to its end. The concurrency permit is the caller's to hold.
    pub(super) async fn serve(&self, incoming: Incoming) {
        let Incoming { body, mut delivery } = incoming;
        if let Err(error) = delivery.acknowledge().await {
            // The broker will hand it out again: to run it now would be to run it twice.
            tracing::debug!(server = %self.target, %error, "a request was not acknowledged");
            return;
        }
        let delivery = &*delivery;
        let text = match Request::open(&body) {
            Ok(text) => text,
            Err(error) => return self.drop_malformed(&body, &error, delivery).await,
        };
        let request = match Request::parse(&text) {
            Ok(request) => request,
            Err(error) => return self.drop_malformed(&body, &error, delivery).await,
        };
        if let Some(unique_id) = request.unique_id()
            && !self.is_new(unique_id)
        {
            tracing::debug!(server = %self.target, unique_id, "a duplicate was dropped");
            return;
        }
        let outcome = self.run(&request, delivery).await;
        let reply = match (outcome, request.reply_to()) {
            (Ok(Some(reply)), Some(to)) => (to, reply),
            (Ok(_), _) => return,
            (Err(error), to) => {
                let method = request.method();
                if error.is_expected() {
                    tracing::debug!(server = %self.target, method, %error, "a request failed");
                } else {
                    tracing::error!(server = %self.target, method, %error, "a request failed");
                }
                let Some(to) = to else { return };
                (to, wire::failure(to, &self.traced(error, method)))
            }
        };
        self.send(delivery, reply.0, reply.1).await;
    }

    fn is_new(&self, unique_id: &str) -> bool {
        self.duplicates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(unique_id)
    }

    /// Runs the method, giving signs of life for as long as it runs where the caller wants them.
    async fn run(&self, request: &Request<'_>, delivery: &dyn Delivery) -> Outcome {
        let (endpoint, method) = self.dispatcher.find(request)?;
        let invocation = Invocation::new(request, self.serializer.as_deref());
        let running = unpanicked(endpoint.dispatch(method, &invocation));
        let monitor = request.reply_to().zip(request.monitor());
        tokio::select! {
            biased;
            outcome = running => outcome,
            never = self.heartbeats(monitor, delivery) => match never {},
        }
    }

    async fn heartbeats(
        &self,
        monitor: Option<(&ReplyTo, Duration)>,
        delivery: &dyn Delivery,
    ) -> Infallible {
        let Some((to, silence)) = monitor else {
            return pending().await;
        };
        let interval = (silence / 2).max(SHORTEST_HEARTBEAT);
        loop {
            tokio::time::sleep(interval).await;
            self.send(delivery, to, wire::heartbeat(to)).await;
        }
    }

    /// Drops a message that is none; a caller that can be read out of it is told.
    async fn drop_malformed(&self, body: &[u8], error: &Malformed, delivery: &dyn Delivery) {
        tracing::warn!(server = %self.target, %error, bytes = body.len(), "a malformed request was dropped");
        if let Some(to) = wire::reply_address(body) {
            let error = RemoteError::value_error(format!("malformed request: {error}"));
            self.send(delivery, &to, wire::failure(&to, &error)).await;
        }
    }

    async fn send(&self, delivery: &dyn Delivery, to: &ReplyTo, reply: bytes::Bytes) {
        if let Err(error) = delivery.reply(to, reply).await {
            tracing::warn!(server = %self.target, queue = to.queue, %error, "a reply was not sent");
        }
    }

    /// A failure that was raised here says where, as Python's tracebacks do.
    fn traced(&self, error: RemoteError, method: &str) -> RemoteError {
        if !error.traceback.is_empty() {
            return error;
        }
        let place = format!("  in {method} of {}\n", self.target);
        let last = format!("{error}\n");
        error.traceback([place, last])
    }
}

/// Runs a handler; a panic in it is a failure like another.
async fn unpanicked(mut handler: BoxFuture<'_, Outcome>) -> Outcome {
    poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx))).unwrap_or_else(|panic| {
            let message = format!("the handler panicked: {}", panic_message(&*panic));
            std::task::Poll::Ready(Err(
                RemoteError::new("RuntimeError", message).module("builtins")
            ))
        })
    })
    .await
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
