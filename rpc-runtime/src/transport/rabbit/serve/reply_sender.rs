//! The replies of this process's servers, and what becomes of them when the caller's queue is missing.
//!
//! A caller that reconnects declares its queue anew, so a reply that came back is tried again for a
//! while: by one task for each missing queue, the first reply as the probe, the others behind it. Then
//! the queue is remembered as gone for a minute, and replies to it are dropped at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};

use super::super::amqp::Failure;
use super::super::compression::Packed;
use super::super::connection::{Attempts, Progress};
use super::super::publish::{Message, Outcome};
use super::super::shared::Shared;
use super::super::topology::Route;
use super::missing_queues::Advice;
use super::permits::{Permit, ReplyPermit};
use crate::excerpt::excerpt;
use crate::metrics::{self, Lost};
use crate::wire::{Named, Reply, ReplyTo, failure};
use crate::{Error, RemoteError, Result, Retry, Target};

/// The time between two tries, as in oslo.messaging.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);
/// The least number of tries for a reply that its queue rejects.
const TRIES: u32 = 5;
/// How long one try may take.
const PROBE_DEADLINE: Duration = Duration::from_secs(5);

/// Sends one reply. Nobody waits for its confirm: without one it is sent again.
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
            message_id,
            "a reply queue's name has more than 255 bytes: the reply is dropped"
        );
        return Ok(());
    };
    let body = shared.pack(body).await;
    if shared.missing_queues.before_publishing(&to.queue, &body) == Advice::Done {
        return Ok(());
    }
    if shared.is_closing() {
        return Err(Error::closed());
    }
    let reply = Arc::new(message(route, body));
    let in_flight = || InFlight {
        shared: shared.clone(),
        permit: permit.for_reply(),
        reply: reply.clone(),
    };
    let settled = in_flight();
    let then = move |outcome| settled.settled(outcome);
    if shared.publisher.publish_unawaited(&reply, then) {
        return Ok(());
    }
    if shared.publisher.can_publish() {
        // The handler need not wait for the confirm.
        return shared.engine.spawn(in_flight().send_again(None)).map(drop);
    }
    // Without a connection the handler waits, and heartbeats do not pile up. The caller keeps the permit.
    publish_or_probe(shared, &reply, None).await
}

/// A reply that nobody waits for. Its permit keeps a server that stops.
struct InFlight {
    shared: Arc<Shared>,
    permit: ReplyPermit,
    reply: Arc<Message>,
}

impl InFlight {
    /// Never blocks.
    fn settled(self, outcome: Result<Outcome, Failure>) {
        if matches!(outcome, Ok(Outcome::Taken | Outcome::Lost(_))) {
            return;
        }
        let (shared, reply) = (self.shared.clone(), self.reply.clone());
        let gone_on = match outcome {
            Ok(Outcome::Returned) => came_back(&shared, &reply),
            Ok(_) => shared.engine.spawn(self.send_again(None)).map(drop),
            Err(failure) => shared
                .engine
                .spawn(self.send_again(Some(failure)))
                .map(drop),
        };
        gone_on.unwrap_or_else(|error| reply_is_lost(&reply, &error));
    }

    /// Goes on for as long as there is a server: it may wait for that.
    async fn send_again(self, failure: Option<Failure>) {
        let Self {
            shared,
            permit,
            reply,
        } = self;
        let sent = tokio::select! {
            sent = publish_or_probe(&shared, &reply, failure) => sent,
            () = permit.gone() => Err(Error::closed()),
        };
        sent.unwrap_or_else(|error| reply_is_lost(&reply, &error));
    }
}

fn reply_is_lost(reply: &Message, error: &Error) {
    metrics::replies_dropped(1, Lost::Unsent);
    let named = Named::in_body(&reply.body);
    let message_id = named.message_id();
    tracing::warn!(queue = %excerpt(reply.route.key.as_str()), message_id, %error, "a reply was not sent");
}

/// Publishes a reply, or goes on after a failure. If its queue is missing, it is tried again for a while.
async fn publish_or_probe(
    shared: &Arc<Shared>,
    reply: &Message,
    failure: Option<Failure>,
) -> Result<()> {
    match publish_or_report(shared, reply, failure).await? {
        Sent::Returned => came_back(shared, reply),
        Sent::Taken => Ok(()),
    }
}

/// Publishes a reply, or goes on after a failure. If the broker refuses the reply's size, the caller gets an error in
/// its place.
async fn publish_or_report(
    shared: &Shared,
    reply: &Message,
    failure: Option<Failure>,
) -> Result<Sent> {
    match publish(shared, reply, failure).await {
        Err(error) => {
            let Some(instead) = too_large(shared, reply) else {
                return Err(error);
            };
            let named = Named::in_body(&reply.body);
            let message_id = named.message_id();
            tracing::warn!(message_id, %error, "a reply is too large for the broker: its caller gets an error");
            publish(shared, &instead, None).await
        }
        sent => sent,
    }
}

/// What the caller gets in place of a reply that exceeds the broker's limit.
fn too_large(shared: &Shared, reply: &Message) -> Option<Message> {
    let bytes = reply.body.len();
    let limit = shared.publisher.exceeded_limit(bytes)?;
    let unpacked = reply.packed().unpacked().ok()?;
    let id = Reply::take(unpacked).ok()?.message_id();
    let error = RemoteError::new(
        "MessageDeliveryFailure",
        format!(
            "the method ran, but its reply has {bytes} bytes, and the broker takes {limit} at most: ask for less, or \
             raise the broker's `max_message_size`"
        ),
    )
    .module("oslo_messaging.exceptions");
    let to = ReplyTo::new(reply.route.key.as_str(), id.to_string());
    Some(message(reply.route.clone(), failure(&to, &error).into()))
}

/// A reply whose queue is missing: it is tried again for a while.
fn came_back(shared: &Arc<Shared>, reply: &Message) -> Result<()> {
    let route = reply.route.clone();
    let advice = shared
        .missing_queues
        .came_back(route.key.as_str(), &reply.packed());
    if advice != Advice::Probe {
        return Ok(());
    }
    let engine = &shared.engine;
    let shared = Arc::downgrade(shared);
    // Not on the runtime of a handler, which may end before it.
    let probing = engine.spawn(async move {
        let mut body = None;
        let mut since = Instant::now();
        loop {
            // Nobody tells that the queue is there: it is tried.
            sleep(RETRY_INTERVAL).await;
            // The task must not keep the driver alive, nor outlive it by more than a moment.
            let Some(shared) = shared.upgrade() else {
                return;
            };
            if shared.is_closing() {
                return;
            }
            if !probe(&shared, &route, &mut body, &mut since).await {
                return;
            }
        }
    });
    probing.map(drop)
}

/// Sends what waits, as far as it is taken; whether to go on. `since` is when the queue was found missing.
async fn probe(
    shared: &Arc<Shared>,
    route: &Arc<Route>,
    body: &mut Option<Packed>,
    since: &mut Instant,
) -> bool {
    let queue = route.key.as_str();
    loop {
        let Some(next) = body
            .take()
            .or_else(|| shared.missing_queues.next_waiting(queue))
        else {
            return false;
        };
        // Not for ever: without a connection, this would keep the driver alive that could make one.
        let reply = message(route.clone(), next.clone());
        match timeout(PROBE_DEADLINE, publish_or_report(shared, &reply, None)).await {
            Ok(Ok(Sent::Taken)) => {}
            Ok(Err(Error::Closed { .. })) => return false,
            // That says nothing of the others that wait.
            Ok(Err(error)) => {
                metrics::replies_dropped(1, Lost::Unsent);
                tracing::warn!(queue, %error, "a reply is dropped");
            }
            missing @ (Ok(Ok(Sent::Returned)) | Err(_)) => {
                if missing.is_err() && !shared.publisher.can_publish() {
                    // Nobody could look whether it is there.
                    *since = Instant::now();
                }
                if since.elapsed() < shared.missing_reply_queue {
                    *body = Some(next);
                    return true;
                }
                shared.missing_queues.gone(queue);
                return false;
            }
        }
    }
}

fn message(route: Arc<Route>, Packed { body, compression }: Packed) -> Message {
    Message {
        route,
        mandatory: true,
        quiet: false,
        // `publish` sends it again, for a limited time.
        resend: false,
        body,
        compression,
        expires: None,
    }
}

/// What became of a reply in the end.
enum Sent {
    Taken,
    /// Its queue is missing.
    Returned,
}

/// Sends a reply, again and again while nobody can tell whether it has arrived: the caller takes the first, and drops
/// the others. What the broker never takes must not hold its request's permit for ever.
async fn publish(shared: &Shared, reply: &Message, mut failure: Option<Failure>) -> Result<Sent> {
    if shared.is_closing() {
        return Err(Error::closed());
    }
    // For people, who read it in errors.
    let target = Target::new(reply.route.key.as_str()).exchange("the default exchange");
    let mut attempts = Attempts::new(&target, Retry::Forever);
    let progress = Progress::new();
    let mut reply = reply.clone();
    let (mut tries, began) = (0, Instant::now());
    loop {
        let failure = failure.take();
        let sent = shared
            .publisher
            .publish(&mut reply, &mut attempts, &progress, failure);
        let why = match sent.await? {
            Outcome::Taken => return Ok(Sent::Taken),
            Outcome::Returned => return Ok(Sent::Returned),
            Outcome::Rejected => "the reply queue is full or failing".into(),
            Outcome::Lost(why) => why,
        };
        tries += 1;
        if tries >= TRIES && began.elapsed() >= shared.missing_reply_queue {
            return Err(attempts.last(&why));
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
    async fn a_reply_that_waits_has_its_requests_permit() {
        // Nobody listens there.
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
    async fn no_queue_is_gone_while_nobody_can_look_for_it() {
        let driver =
            RabbitDriver::new(&"rabbit://me:secret@127.0.0.1:1".parse().unwrap(), None).unwrap();
        let shared = &driver.shared;
        let route = shared.routes.reply("replies").unwrap();
        let body = Packed::from(Bytes::from_static(b"{}"));
        let (mut body, mut since) = (Some(body), Instant::now());
        tokio::time::advance(2 * shared.missing_reply_queue).await;
        assert!(probe(shared, &route, &mut body, &mut since).await);
        assert!(body.is_some());
    }
}
