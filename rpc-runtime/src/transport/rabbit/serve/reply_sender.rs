//! Sends the replies of this process's servers, and retries if the caller's reply queue is missing.
//!
//! A caller that reconnects declares its reply queue again, so a returned reply is retried for a limited time. One task
//! for each missing queue does so: it sends the first reply as a probe, and the others once the probe was taken. If the
//! queue stays missing, it counts as gone for a minute, and replies to it are dropped at once.
//!
//! The task that probes a missing queue must not keep the driver alive; the [`MissingQueues`](super::MissingQueues) own
//! the replies that wait. A reply in flight keeps the driver alive until the listener is dropped.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};

use super::super::amqp::{Confirmed, Failure};
use super::super::connection::{Attempts, Progress};
use super::super::publish::{Message, Outcome};
use super::super::shared::Shared;
use super::super::topology::Route;
use super::missing_queues::Advice;
use super::outgoing_reply::OutgoingReply;
use super::permits::{Permit, ReplyPermit};
use crate::excerpt::excerpt;
use crate::metrics::{self, Lost};
use crate::wire::{Reply, ReplyTo, failure};
use crate::{Error, RemoteError, Result, Retry, Target};

/// The time between two attempts to reach a missing queue, as in oslo.messaging.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);
/// The least number of attempts for a reply that its queue rejects, or whose confirm is lost.
const TRIES: u32 = 5;
/// How long one probe of a missing queue may take.
const PROBE_DEADLINE: Duration = Duration::from_secs(5);

/// Sends one reply. If messages can be published now, it returns without waiting for the confirm; if the confirm is
/// lost, the reply is sent again in the background. Otherwise it waits until the broker has answered.
pub(super) async fn send(
    shared: &Arc<Shared>,
    permit: &Arc<Permit>,
    to: &ReplyTo,
    body: Bytes,
) -> Result<()> {
    let Some(route) = shared.routes.reply(&to.queue) else {
        metrics::replies_dropped(1, Lost::Unsent);
        let message_id = &*excerpt(&to.message_id);
        tracing::warn!(
            method = to.method(),
            request_id = to.request_id(),
            message_id,
            "dropped a reply: its reply queue's name has more than 255 bytes"
        );
        return Ok(());
    };
    let reply = OutgoingReply::new(to, shared.pack(body).await);
    if shared.missing_queues.before_publishing(&to.queue, &reply) == Advice::Done {
        return Ok(());
    }
    if shared.is_closing() {
        return Err(Error::new_closed());
    }
    let message = Arc::new(reply.message(route.clone()));
    let in_flight = || InFlight {
        shared: shared.clone(),
        permit: permit.for_reply(),
        route: route.clone(),
        reply: reply.clone(),
    };
    let settled = in_flight();
    let then = move |outcome| settled.settled(outcome);
    if shared.publisher.publish_unawaited(&message, then) {
        return Ok(());
    }
    if shared.publisher.can_publish() {
        // In the background, since the handler need not wait for the confirm.
        return in_flight().send_in_background(None);
    }
    // While nothing can be published, the handler waits here, so that the heartbeats of its call do not pile up. The
    // caller of this function holds the request's permit meanwhile.
    publish_or_probe(shared, &route, &reply, None).await
}

/// A reply that is sent in the background. It holds a permit, so that a server that stops waits for it.
struct InFlight {
    shared: Arc<Shared>,
    permit: ReplyPermit,
    route: Arc<Route>,
    reply: OutgoingReply,
}

impl InFlight {
    /// Ends or continues with the answer to the first attempt. Never blocks.
    fn settled(self, answer: Result<Confirmed, Failure>) {
        if matches!(answer, Ok(Confirmed::Taken)) {
            return;
        }
        let (route, reply) = (self.route.clone(), self.reply.clone());
        let continued = match answer {
            Ok(Confirmed::Returned) => handle_returned(&self.shared, &route, &reply),
            answer => self.send_in_background(answer.err()),
        };
        continued.unwrap_or_else(|error| reply_is_lost(&route, &reply, &error));
    }

    /// Starts a task that sends the reply, or continues after `failure`.
    fn send_in_background(self, failure: Option<Failure>) -> Result<()> {
        let engine = self.shared.engine.clone();
        engine.spawn(self.send_and_retry(failure)).map(drop)
    }

    /// Sends the reply, and retries. Gives up when the listener is dropped.
    async fn send_and_retry(self, failure: Option<Failure>) {
        let Self {
            shared,
            permit,
            route,
            reply,
        } = self;
        let sent = tokio::select! {
            sent = publish_or_probe(&shared, &route, &reply, failure) => sent,
            () = permit.gone() => Err(Error::new_closed()),
        };
        sent.unwrap_or_else(|error| reply_is_lost(&route, &reply, &error));
    }
}

fn reply_is_lost(route: &Route, reply: &OutgoingReply, error: &Error) {
    metrics::replies_dropped(1, Lost::Unsent);
    let named = reply.named();
    tracing::warn!(
        method = named.method(), request_id = named.request_id(), message_id = named.message_id(),
        queue = %excerpt(route.key.as_str()), %error,
        "a reply was not sent"
    );
}

/// Publishes a reply, or continues after `failure`. If the reply's queue is missing, it starts the retries.
async fn publish_or_probe(
    shared: &Arc<Shared>,
    route: &Arc<Route>,
    reply: &OutgoingReply,
    failure: Option<Failure>,
) -> Result<()> {
    match publish_or_report(shared, route, reply, failure).await? {
        Sent::Returned => handle_returned(shared, route, reply),
        Sent::Taken => Ok(()),
    }
}

/// Publishes a reply, or continues after `failure`. If the reply is too large for the broker, the caller gets an error
/// instead.
async fn publish_or_report(
    shared: &Shared,
    route: &Arc<Route>,
    reply: &OutgoingReply,
    failure: Option<Failure>,
) -> Result<Sent> {
    match publish(shared, reply.message(route.clone()), failure).await {
        Err(error) => {
            let Some(instead) = too_large(shared, route, reply) else {
                return Err(error);
            };
            let named = reply.named();
            tracing::warn!(
                method = named.method(), request_id = named.request_id(),
                message_id = named.message_id(), %error,
                "a reply is too large for the broker: its caller gets an error"
            );
            publish(shared, instead.message(route.clone()), None).await
        }
        sent => sent,
    }
}

/// The error that the caller gets instead of a reply that exceeds the broker's limit.
fn too_large(shared: &Shared, route: &Route, reply: &OutgoingReply) -> Option<OutgoingReply> {
    let bytes = reply.len();
    let limit = shared.publisher.exceeded_limit(bytes)?;
    let unpacked = reply.body().unpacked().ok()?;
    let id = Reply::take(unpacked).ok()?.message_id();
    let error = RemoteError::new(
        "MessageDeliveryFailure",
        format!(
            "the method ran, but its reply has {bytes} bytes, and the broker accepts at most {limit}: request less \
             data, or raise the broker's `max_message_size`"
        ),
    )
    .module("oslo_messaging.exceptions");
    let to = ReplyTo::new(route.key.as_str(), id.to_string());
    Some(reply.with_body(failure(&to, &error).into()))
}

/// Handles a reply that the broker returned, since its queue is missing: the reply is retried for a limited time.
fn handle_returned(shared: &Arc<Shared>, route: &Arc<Route>, reply: &OutgoingReply) -> Result<()> {
    let route = route.clone();
    let advice = shared.missing_queues.returned(route.key.as_str(), reply);
    if advice != Advice::Probe {
        return Ok(());
    }
    let engine = &shared.engine;
    let shared = Arc::downgrade(shared);
    // On the engine: the runtime of a handler may end before the retries do.
    let probing = engine.spawn(async move {
        let mut returned = None;
        let mut since = Instant::now();
        loop {
            // The broker does not notify anyone that a queue was declared, so the queue is polled.
            sleep(RETRY_INTERVAL).await;
            // Upgraded after each sleep only: the task must not keep the driver alive.
            let Some(shared) = shared.upgrade() else {
                return;
            };
            if shared.is_closing() {
                return;
            }
            if !probe(&shared, &route, &mut returned, &mut since).await {
                return;
            }
        }
    });
    probing.map(drop)
}

/// Sends the replies that wait for a queue, until the broker returns one or none is left. Returns whether to probe
/// again. `since` is when the queue was found missing, and `returned` the reply that was returned last.
async fn probe(
    shared: &Arc<Shared>,
    route: &Arc<Route>,
    returned: &mut Option<OutgoingReply>,
    since: &mut Instant,
) -> bool {
    let queue = route.key.as_str();
    loop {
        let Some(next) = returned
            .take()
            .or_else(|| shared.missing_queues.next_waiting(queue))
        else {
            return false;
        };
        // The deadline ends the wait when there is no connection. Otherwise this task would keep the driver alive.
        let sent = publish_or_report(shared, route, &next, None);
        match timeout(PROBE_DEADLINE, sent).await {
            Ok(Ok(Sent::Taken)) => {}
            Ok(Err(Error::Closed { .. })) => return false,
            // The failure is of this reply. The others may succeed.
            Ok(Err(error)) => {
                metrics::replies_dropped(1, Lost::Unsent);
                let named = next.named();
                tracing::warn!(
                    queue, method = named.method(), request_id = named.request_id(),
                    message_id = named.message_id(), %error,
                    "dropped a reply"
                );
            }
            missing @ (Ok(Ok(Sent::Returned)) | Err(_)) => {
                if missing.is_err() && !shared.publisher.can_publish() {
                    // Without a connection nothing is known about the queue, so the time starts again.
                    *since = Instant::now();
                }
                if since.elapsed() < shared.missing_reply_queue {
                    *returned = Some(next);
                    return true;
                }
                shared.missing_queues.gone(queue);
                return false;
            }
        }
    }
}

/// The broker's final answer about a reply.
enum Sent {
    Taken,
    /// The reply's queue is missing.
    Returned,
}

/// Sends a reply. It sends the reply again if its confirm was lost, or if its queue rejects it: the caller takes the
/// first copy and drops the others. These repetitions are limited in time, so that a reply that the broker never takes
/// does not hold its request's permit for ever. The wait for a connection is not limited.
async fn publish(
    shared: &Shared,
    mut reply: Message,
    mut failure: Option<Failure>,
) -> Result<Sent> {
    if shared.is_closing() {
        return Err(Error::new_closed());
    }
    // The target appears only in the texts of errors.
    let target = Target::new(reply.route.key.as_str()).exchange("the default exchange");
    let mut attempts = Attempts::new(&target, Retry::Forever);
    let progress = Progress::new();
    let (mut tries, began) = (0, Instant::now());
    loop {
        let failure = failure.take();
        let sent = shared
            .publisher
            .publish(&mut reply, &mut attempts, &progress, failure);
        let why = match sent.await? {
            Outcome::Answered(Confirmed::Taken) => return Ok(Sent::Taken),
            Outcome::Answered(Confirmed::Returned) => return Ok(Sent::Returned),
            Outcome::Answered(Confirmed::Rejected) => "the reply queue is full or failing".into(),
            Outcome::Lost(why) => why,
        };
        tries += 1;
        if tries >= TRIES && began.elapsed() >= shared.missing_reply_queue {
            return Err(attempts.give_up(&why));
        }
        attempts.failed(&why, true)?;
        attempts.pause().await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::super::super::driver::RabbitDriver;
    use super::super::permits::Permits;
    use super::*;

    #[tokio::test]
    async fn a_reply_that_waits_for_a_connection_holds_its_requests_permit() {
        // No broker listens on that port.
        let driver =
            RabbitDriver::new(&"rabbit://me:secret@127.0.0.1:1".parse().unwrap(), None).unwrap();
        let permits = Permits::new(1);
        permits.listen();
        let permit = Arc::new(permits.try_take().unwrap());
        let to = ReplyTo::new("replies", "1");
        let body = Bytes::from_static(b"{}");
        let shared = driver.shared.clone();
        let mut sent = Box::pin(async move { send(&shared, &permit, &to, body).await });
        let polled = poll_fn(|context| Poll::Ready(sent.as_mut().poll(context))).await;
        assert!(polled.is_pending());
        assert!(permits.try_take().is_none());
        drop(sent);
        assert!(permits.try_take().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_connection_no_queue_counts_as_gone() {
        let driver =
            RabbitDriver::new(&"rabbit://me:secret@127.0.0.1:1".parse().unwrap(), None).unwrap();
        let shared = &driver.shared;
        let route = shared.routes.reply("replies").unwrap();
        let reply = OutgoingReply::from(Bytes::from_static(b"{}"));
        let (mut returned, mut since) = (Some(reply), Instant::now());
        tokio::time::advance(2 * shared.missing_reply_queue).await;
        assert!(probe(shared, &route, &mut returned, &mut since).await);
        assert!(returned.is_some());
    }
}
