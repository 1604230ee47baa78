//! The replies of this process's servers, and what becomes of them when the caller's queue is missing.
//!
//! A caller that reconnects declares its queue anew, so a reply that came back is tried again for a
//! while: by one task for each missing queue, the first reply as the probe, the others behind it. Then
//! the queue is remembered as gone for a minute, and replies to it are dropped at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lapin::types::ShortString;
use tokio::time::{Instant, sleep, timeout};

use super::attempts::{Attempts, Progress};
use super::missing_queues::Advice;
use super::publisher::{self, Message, Outcome};
use super::shared::Shared;
use super::topology::Route;
use crate::wire::ReplyTo;
use crate::{Error, Result, Retry, Target};

/// The time between two tries, as in oslo.messaging.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);
/// How long one try may take.
const PROBE_DEADLINE: Duration = Duration::from_secs(5);
/// Sends one reply, or sees to it that it is tried again.
pub(super) async fn send(shared: &Arc<Shared>, to: &ReplyTo, body: Bytes) -> Result<()> {
    let Ok(key) = ShortString::try_new(to.queue.as_str()) else {
        tracing::warn!("a reply queue's name has more than 255 bytes: the reply is dropped");
        return Ok(());
    };
    if shared.missing_queues.before_publishing(&to.queue, &body) == Advice::Done {
        return Ok(());
    }
    if publish(shared, key.clone(), body.clone()).await? != Outcome::Returned {
        return Ok(());
    }
    if shared.missing_queues.came_back(&to.queue, &body) == Advice::Probe {
        let engine = &shared.engine;
        let shared = Arc::downgrade(shared);
        // Not on the runtime of a handler, which may end before it.
        engine.spawn(async move {
            let mut body = None;
            let started = Instant::now();
            loop {
                sleep(RETRY_INTERVAL).await;
                // The task must not keep the driver alive, nor outlive it by more than a moment.
                let Some(shared) = shared.upgrade() else {
                    return;
                };
                if shared.is_closing() {
                    return;
                }
                if !probe(&shared, &key, &mut body, started).await {
                    return;
                }
            }
        })?;
    }
    Ok(())
}

/// Sends what waits, as far as it is taken; whether to go on.
async fn probe(
    shared: &Arc<Shared>,
    key: &ShortString,
    body: &mut Option<Bytes>,
    started: Instant,
) -> bool {
    let queue = key.as_str();
    loop {
        let Some(next) = body
            .take()
            .or_else(|| shared.missing_queues.next_waiting(queue))
        else {
            return false;
        };
        // Not for ever: without a connection, this would keep the driver alive that could make one.
        match timeout(PROBE_DEADLINE, publish(shared, key.clone(), next.clone())).await {
            Ok(Ok(Outcome::Taken | Outcome::Lost(_))) => {}
            Ok(Err(error)) => {
                tracing::warn!(queue, %error, "replies are dropped");
                shared.missing_queues.gone(queue);
                return false;
            }
            Ok(Ok(Outcome::Returned)) | Err(_) => {
                if started.elapsed() < shared.missing_reply_queue {
                    *body = Some(next);
                    return true;
                }
                shared.missing_queues.gone(queue);
                return false;
            }
        }
    }
}

async fn publish(shared: &Arc<Shared>, key: ShortString, body: Bytes) -> Result<Outcome> {
    if shared.is_closing() {
        return Err(Error::Closed);
    }
    // For people, who read it in errors.
    let target = Target::new(key.as_str()).exchange("the default exchange");
    let message = Message {
        route: Route {
            exchange: None,
            key,
        },
        mandatory: true,
        quiet: false,
        // The caller takes the first of them, and drops the second.
        resend: true,
        body,
        expires: None,
    };
    let mut attempts = Attempts::new(&target, Retry::Forever);
    publisher::publish(
        &shared.publishing,
        &message,
        &mut attempts,
        &Progress::new(),
    )
    .await
}
