//! Hands messages to the broker, each with a confirm.
//!
//! The broker returns a message before it confirms it: once the confirm is there, it is known whether the
//! message came back. A caller may go at any time. A message is written whole or not at all.
//!
//! What may have come through is not sent again, unless its sender allows it: two servers could be given
//! one each. Then the same bytes are sent, so that a server that has both knows the repetition by its identity.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::attempts::{Attempts, Progress, QueueWait};
use super::confirms::{Answer, Confirm, Confirmed, Failure};
use super::connection::Connection;
use super::fault::Fault;
use super::finish::finish;
use super::lanes::{Lane, Outgoing, Ticket};
use super::link::Link;
use super::topology::Route;
use crate::Result;
use crate::error::Stage;

/// A message ready to go; cloning shares the bytes.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) route: Arc<Route>,
    pub(super) mandatory: bool,
    /// Whether its sender waits for a reply in the same task, and need not be woken for a good confirm.
    pub(super) quiet: bool,
    /// Whether it may be sent again when it may have come through.
    pub(super) resend: bool,
    pub(super) body: Bytes,
    /// When it is of no use any more: the broker drops it then.
    pub(super) expires: Option<Instant>,
}

impl Message {
    fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            route: &self.route,
            mandatory: self.mandatory,
            expiration: self.expires.map(expiration),
            body: &self.body,
        }
    }
}

/// What the broker did with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is in a queue; if it was not mandatory, perhaps in none.
    Taken,
    /// There is no queue for it.
    Returned,
    /// For this reason nobody can tell whether it is in a queue.
    Lost(Arc<str>),
}

/// Publishes what must reach a queue, and waits for that queue for `queue_wait`. What is lost is not an
/// error. The message's body is kept until the broker has it, and no longer.
///
/// Nearly always a link stands, the message joins others on it, and is taken. What it needs otherwise has a future
/// of its own, so that a message under way has no room for it.
///
/// # Errors
///
/// What the broker refuses, a failure when no attempt is left, and [`Error::Undeliverable`] when the wait for the
/// queue is over.
#[expect(
    clippy::manual_async_fn,
    reason = "its future would hold what it is given twice"
)]
pub(super) fn deliver<'a>(
    connection: &'a Connection,
    message: &'a mut Message,
    queue_wait: Duration,
    attempts: &'a mut Attempts<'_>,
    progress: &'a Progress,
) -> impl Future<Output = Result<Outcome>> {
    async move {
        let mut published = Published::among_others(connection, message, progress);
        let answer = match &mut published {
            Some(published) => Some((&mut published.confirm).await),
            None => None,
        };
        let first = published.zip(answer);
        let first = match first.map(|(published, answer)| published.settled(answer, message)) {
            Some(Ok(outcome)) if outcome != Outcome::Returned => return Ok(outcome),
            first => first,
        };
        Box::pin(deliver_patiently(
            connection, message, queue_wait, attempts, progress, first,
        ))
        .await
    }
}

/// Goes on after a first try, if there was one.
async fn deliver_patiently(
    connection: &Connection,
    message: &mut Message,
    queue_wait: Duration,
    attempts: &mut Attempts<'_>,
    progress: &Progress,
    first: Option<Result<Outcome, Failure>>,
) -> Result<Outcome> {
    let mut outcome = match first {
        Some(Ok(outcome)) => outcome,
        Some(Err(failure)) => {
            publish(connection, message, attempts, progress, Some(failure)).await?
        }
        None => publish(connection, message, attempts, progress, None).await?,
    };
    if outcome == Outcome::Returned && !queue_wait.is_zero() {
        let target = attempts.target();
        tracing::warn!(%target, "nobody serves it: waiting for a server to declare its queue");
    }
    let mut wait = QueueWait::new(queue_wait);
    while outcome == Outcome::Returned {
        progress.unserved();
        if let Some(link) = connection.ready() {
            link.restore_binding(&message.route);
        }
        if !wait.again().await {
            return Err(attempts.unserved());
        }
        outcome = publish(connection, message, attempts, progress, None).await?;
    }
    Ok(outcome)
}

/// Publishes among others for nobody to wait: `then` is given the outcome by whoever brings it, and must not
/// block. False where something is in the way.
pub(super) fn publish_unawaited(
    connection: &Connection,
    message: &Arc<Message>,
    then: impl FnOnce(Result<Outcome, Failure>) + Send + 'static,
) -> bool {
    let Some((link, lane)) = shared_lane(connection, message) else {
        return false;
    };
    let way = Way {
        link,
        ticket: Ticket::Shared,
        lane: lane.clone(),
    };
    let shared = message.clone();
    let then = move |answer| then(way.settled(answer, &shared.route));
    lane.publish_then(message.outgoing(), Box::new(then));
    true
}

/// Publishes until the broker has answered, no attempt is left, or the message may have come through. Goes on
/// after a failure, if there was one.
pub(super) async fn publish(
    connection: &Connection,
    message: &mut Message,
    attempts: &mut Attempts<'_>,
    progress: &Progress,
    mut failure: Option<Failure>,
) -> Result<Outcome> {
    loop {
        if let Some(failure) = failure.take() {
            let (fault, maybe_delivered) = match failure {
                Failure::Unsent(fault) => (fault, false),
                Failure::Unanswered(fault) => (fault, true),
            };
            let why = fault.why().clone();
            if let Some(error) = fault.refusal(&format!("a message for {}", attempts.target())) {
                return Err(attempts.refused(error, &why));
            }
            if maybe_delivered {
                progress.lost(&why);
                if !message.resend {
                    return Ok(Outcome::Lost(why));
                }
            }
            attempts.failed(&why, maybe_delivered)?;
            tracing::debug!(target = %attempts.target(), %why, "a publish failed: trying again");
            progress.set(Stage::Connection(Some(why)));
            attempts.pause().await;
        }
        let link = connection.link(attempts, progress).await?;
        if let Some(reason) = link.blockage() {
            progress.set(Stage::Unblocking(reason));
            link.unblocked().await;
            continue;
        }
        match publish_on(link, message, progress).await {
            Ok(outcome) => return Ok(outcome),
            Err(why) => failure = Some(why),
        }
    }
}

async fn publish_on(
    link: Arc<Link>,
    message: &mut Message,
    progress: &Progress,
) -> Result<Outcome, Failure> {
    if let Some(exchange) = &message.route.exchange
        && !link.has_declared(&exchange.name)
    {
        let exchange = exchange.clone();
        let runtime = link.runtime().clone();
        let link = link.clone();
        finish(
            &runtime,
            async move { link.ensure_exchange(&exchange).await },
        )
        .await
        .map_err(Failure::Unsent)?;
    }
    let ticket = if let Some(ticket) = link.lanes.try_ticket(&message.route, message.body.len()) {
        ticket
    } else {
        progress.set(Stage::Connection(Some(
            "all its channels wait for confirms".into(),
        )));
        tokio::select! {
            ticket = link.lanes.ticket() => ticket.map_err(Failure::Unsent)?,
            why = link.down() => return Err(Failure::Unsent(Fault::ended(why))),
        }
    };
    // The wait for a ticket may have been one for a blocked broker.
    while let Some(reason) = link.blockage().filter(|_| link.is_up()) {
        progress.set(Stage::Unblocking(reason));
        link.unblocked().await;
    }
    // From here on it may be written at any time.
    progress.set(Stage::Confirmation(None));
    if matches!(ticket, Ticket::Shared)
        && let Some(lane) = link.lanes.shared()
    {
        let mut published = Published::on(link, ticket, lane, message);
        let answer = (&mut published.confirm).await;
        return published.settled(answer, message);
    }
    // To the end, even if the caller goes: a channel may not be given up while it is opened, nor while the
    // broker may close it over a message.
    let mut alone = message.clone();
    // It waits for its confirm and nothing else.
    alone.quiet = false;
    let runtime = link.runtime().clone();
    let outcome = finish(&runtime, async move {
        let lane = link
            .lanes
            .lane(&ticket, &link)
            .await
            .map_err(Failure::Unsent)?;
        let mut published = Published::on(link, ticket, lane, &mut alone);
        let answer = (&mut published.confirm).await;
        published.settled(answer, &mut alone)
    })
    .await;
    if matches!(outcome, Ok(Outcome::Taken)) {
        message.body = Bytes::new();
    }
    outcome
}

/// A link that stands and the channel that messages share there, if nothing is in the message's way.
fn shared_lane(connection: &Connection, message: &Message) -> Option<(Arc<Link>, Arc<Lane>)> {
    let link = connection.ready()?;
    let exchange = message.route.exchange.as_ref();
    if exchange.is_some_and(|exchange| !link.has_declared(&exchange.name))
        || link.blockage().is_some()
        || !link.lanes.may_share(&message.route, message.body.len())
    {
        return None;
    }
    let lane = link.lanes.shared()?;
    Some((link, lane))
}

/// What a message goes over.
struct Way {
    link: Arc<Link>,
    ticket: Ticket,
    lane: Arc<Lane>,
}

impl Way {
    /// The broker has answered, or there will be no answer.
    fn settled(self, answer: Answer, route: &Route) -> Result<Outcome, Failure> {
        match answer {
            Ok(confirmed) => {
                self.link.lanes.settled(self.ticket, self.lane, route);
                Ok(match confirmed {
                    Confirmed::Taken => Outcome::Taken,
                    Confirmed::Returned => Outcome::Returned,
                })
            }
            Err(failure) => {
                self.link.lanes.failed(&self.lane, route);
                // It may be gone: it is declared anew at the next try.
                if let Some(exchange) = &route.exchange {
                    self.link.forget_declared(&exchange.name);
                }
                Err(failure)
            }
        }
    }
}

/// A message that is on its way, and waits for its confirm.
struct Published {
    way: Way,
    confirm: Confirm,
}

impl Published {
    fn on(link: Arc<Link>, ticket: Ticket, lane: Arc<Lane>, message: &mut Message) -> Self {
        // Its channel is wanted back by others as soon as it is confirmed.
        let quiet = message.quiet && matches!(ticket, Ticket::Shared);
        let confirm = lane.publish(message.outgoing(), quiet);
        confirm.keep(std::mem::take(&mut message.body));
        let way = Way { link, ticket, lane };
        Self { way, confirm }
    }

    /// Publishes over a link that stands, on the channel that messages share, if nothing is in the way.
    fn among_others(
        connection: &Connection,
        message: &mut Message,
        progress: &Progress,
    ) -> Option<Self> {
        let (link, lane) = shared_lane(connection, message)?;
        progress.set(Stage::Confirmation(None));
        Some(Self::on(link, Ticket::Shared, lane, message))
    }

    /// Here is the broker's word. A message that was not taken gets its body back.
    fn settled(self, answer: Answer, message: &mut Message) -> Result<Outcome, Failure> {
        if !matches!(answer, Ok(Confirmed::Taken)) {
            message.body = self.confirm.kept();
        }
        self.way.settled(answer, &message.route)
    }
}

/// What is left of a call's time, in milliseconds: oslo.messaging writes all of it, so that a server may still
/// run what its caller has given up. RabbitMQ refuses what does not fit 32 bits.
fn expiration(expires: Instant) -> u32 {
    let left = expires.saturating_duration_since(Instant::now());
    u32::try_from(left.as_millis()).unwrap_or(u32::MAX).max(1)
}
