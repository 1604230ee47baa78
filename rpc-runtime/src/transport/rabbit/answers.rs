//! The replies of this process's servers, and what becomes of them when the caller's queue is missing.
//!
//! A caller that reconnects declares its queue anew, so a reply that came back is tried again for a
//! while: by one task for each missing queue, the first reply as the probe, the others behind it. Then
//! the queue is remembered as gone for a minute, and replies to it are dropped at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};

use super::attempts::{Attempts, Progress};
use super::confirms::{Confirmed, Failure};
use super::delivery::RabbitDelivery;
use super::missing_queues::Advice;
use super::publisher::{self, Message, Outcome};
use super::shared::Shared;
use super::topology::Route;
use crate::brief::brief;
use crate::wire::ReplyTo;
use crate::{Error, Result, Retry, Target};

/// The time between two tries, as in oslo.messaging.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);
/// How often a reply is sent at least that the broker does not take, its queue being full or failing.
const TRIES: u32 = 5;
/// How long one try may take.
const PROBE_DEADLINE: Duration = Duration::from_secs(5);

/// Sends one reply. Nobody waits for its confirm: without one it is sent again.
pub(super) async fn send(delivery: Arc<RabbitDelivery>, to: &ReplyTo, body: Bytes) -> Result<()> {
    let shared = delivery.shared.clone();
    let Some(route) = shared.routes.reply(&to.queue) else {
        tracing::warn!("a reply queue's name has more than 255 bytes: the reply is dropped");
        return Ok(());
    };
    if shared.missing_queues.before_publishing(&to.queue, &body) == Advice::Done {
        return Ok(());
    }
    if shared.is_closing() {
        return Err(Error::Closed);
    }
    let reply = Arc::new(message(route, body));
    // It is kept here, too: a reply that waits has its request's permit.
    let under_way = UnderWay {
        delivery: delivery.clone(),
        reply: reply.clone(),
    };
    let then = move |outcome| under_way.settled(outcome);
    if publisher::publish_unawaited(&shared.publishing, &reply, then) {
        return Ok(());
    }
    publish_or_probe(&shared, &reply, None).await
}

/// A reply that nobody waits for. It keeps its request's permit, and with it a server that stops.
struct UnderWay {
    delivery: Arc<RabbitDelivery>,
    reply: Arc<Message>,
}

impl UnderWay {
    /// Never blocks.
    fn settled(self, outcome: Result<Outcome, Failure>) {
        if matches!(outcome, Ok(Outcome::Taken | Outcome::Lost(_))) {
            return;
        }
        let (shared, reply) = (self.delivery.shared.clone(), self.reply.clone());
        let gone_on = match outcome {
            Ok(_) => came_back(&shared, &reply),
            Err(failure) => shared.engine.spawn(self.send_again(failure)).map(drop),
        };
        gone_on.unwrap_or_else(|error| reply_is_lost(&reply, &error));
    }

    /// Goes on for as long as there is a server: it may wait for that.
    async fn send_again(self, failure: Failure) {
        let Self { delivery, reply } = self;
        let sent = tokio::select! {
            sent = publish_or_probe(&delivery.shared, &reply, Some(failure)) => sent,
            () = delivery.permit.gone() => Err(Error::Closed),
        };
        sent.unwrap_or_else(|error| reply_is_lost(&reply, &error));
    }
}

fn reply_is_lost(reply: &Message, error: &Error) {
    tracing::warn!(queue = %brief(reply.route.key.as_str()), %error, "a reply was not sent");
}

/// Publishes a reply, or goes on after a failure.
async fn publish_or_probe(
    shared: &Arc<Shared>,
    reply: &Message,
    failure: Option<Failure>,
) -> Result<()> {
    match publish(shared, reply, failure).await? {
        Confirmed::Returned => came_back(shared, reply),
        Confirmed::Taken => Ok(()),
    }
}

/// A reply whose queue is missing: it is tried again for a while.
fn came_back(shared: &Arc<Shared>, reply: &Message) -> Result<()> {
    let route = reply.route.clone();
    if shared
        .missing_queues
        .came_back(route.key.as_str(), &reply.body)
        != Advice::Probe
    {
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
    body: &mut Option<Bytes>,
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
        match timeout(PROBE_DEADLINE, publish(shared, &reply, None)).await {
            Ok(Ok(Confirmed::Taken)) => {}
            Ok(Err(error)) => {
                tracing::warn!(queue, %error, "replies are dropped");
                shared.missing_queues.gone(queue);
                return false;
            }
            missing @ (Ok(Ok(Confirmed::Returned)) | Err(_)) => {
                let link = shared.publishing.ready();
                if missing.is_err() && link.is_none_or(|link| link.blockage().is_some()) {
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

fn message(route: Arc<Route>, body: Bytes) -> Message {
    Message {
        route,
        mandatory: true,
        quiet: false,
        // It is, but not for ever: see `publish`.
        resend: false,
        body,
        expires: None,
    }
}

/// Sends a reply, again and again while nobody can tell whether it has arrived: the caller takes the first, and drops
/// the others. What the broker never takes must not hold its request's permit for ever.
async fn publish(
    shared: &Shared,
    reply: &Message,
    mut failure: Option<Failure>,
) -> Result<Confirmed> {
    if shared.is_closing() {
        return Err(Error::Closed);
    }
    // For people, who read it in errors.
    let target = Target::new(reply.route.key.as_str()).exchange("the default exchange");
    let mut attempts = Attempts::new(&target, Retry::Forever);
    let progress = Progress::new();
    let mut reply = reply.clone();
    let (mut tries, began) = (0, Instant::now());
    loop {
        let sent = publisher::publish(
            &shared.publishing,
            &mut reply,
            &mut attempts,
            &progress,
            failure.take(),
        );
        let why = match sent.await? {
            Outcome::Taken => return Ok(Confirmed::Taken),
            Outcome::Returned => return Ok(Confirmed::Returned),
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

    use super::super::driver::RabbitDriver;
    use super::super::permits::Permits;
    use super::*;

    #[tokio::test]
    async fn a_reply_that_waits_has_its_requests_permit() {
        // Nobody listens there.
        let driver = RabbitDriver::new(&"rabbit://me:secret@127.0.0.1:1".parse().unwrap()).unwrap();
        let permits = Permits::new(1);
        permits.listen();
        let permit = permits.try_take().unwrap();
        let delivery = Arc::new(RabbitDelivery::new(driver.shared.clone(), permit));
        let to = ReplyTo::new("replies", "1");
        let mut sent = Box::pin(send(delivery, &to, Bytes::from_static(b"{}")));
        let polled = poll_fn(|context| Poll::Ready(sent.as_mut().poll(context))).await;
        assert!(polled.is_pending());
        assert!(permits.try_take().is_none());
        drop(sent);
        assert!(permits.try_take().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn no_queue_is_gone_while_nobody_can_look_for_it() {
        let driver = RabbitDriver::new(&"rabbit://me:secret@127.0.0.1:1".parse().unwrap()).unwrap();
        let shared = &driver.shared;
        let route = shared.routes.reply("replies").unwrap();
        let (mut body, mut since) = (Some(Bytes::from_static(b"{}")), Instant::now());
        tokio::time::advance(2 * shared.missing_reply_queue).await;
        assert!(probe(shared, &route, &mut body, &mut since).await);
        assert!(body.is_some());
    }
}
