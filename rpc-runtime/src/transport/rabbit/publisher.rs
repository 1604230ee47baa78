//! Hands messages to the broker, each with a confirm.
//!
//! A message is alone on its channel until its confirm is there, because lapin attaches returned
//! messages and confirms to each other by their order alone. Waiting for a connection or for a blocked
//! broker can be given up; from the first byte on, a publish is finished, by a task if its caller goes.
//! A retry sends the same bytes, so that servers know a repetition by its identity.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lapin::options::BasicPublishOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Confirmation, ErrorKind};
use tokio::time::Instant;

use super::attempts::{Attempts, Progress};
use super::connection::Connection;
use super::fault::Fault;
use super::finish::finish;
use super::link::Link;
use super::topology::Route;
use crate::error::Stage;
use crate::{Error, Result};

/// How long a confirm may take while the broker is not blocked: it is durable writing at worst.
const CONFIRM_DEADLINE: Duration = Duration::from_secs(30);

/// A message ready to go; cloning shares the bytes.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) route: Route,
    pub(super) mandatory: bool,
    pub(super) body: Bytes,
    /// When it is of no use any more: the broker drops it then.
    pub(super) expires: Option<Instant>,
}

/// What the broker did with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is in a queue; if it was not mandatory, perhaps in none.
    Taken,
    /// There is no queue for it.
    Returned,
}

/// Why one publish failed.
struct Failure {
    fault: Fault,
    /// Whether the broker may have the message all the same.
    maybe_delivered: bool,
}

impl Failure {
    fn before_writing(fault: Fault) -> Self {
        Self {
            fault,
            maybe_delivered: false,
        }
    }
}

/// Publishes until the broker has the message, or no attempt is left.
pub(super) async fn publish(
    connection: &Connection,
    message: &Message,
    attempts: &mut Attempts<'_>,
    progress: &Progress,
) -> Result<Outcome> {
    loop {
        let link = connection.link(attempts, progress).await?;
        if let Some(reason) = link.blockage() {
            progress.set(Stage::Unblocking(reason));
            link.unblocked().await;
            continue;
        }
        let failure = match publish_on(link, message, progress).await {
            Ok(outcome) => return Ok(outcome),
            Err(failure) => failure,
        };
        if let Some(error) = failure
            .fault
            .refusal(&format!("a message for {}", attempts.target()))
        {
            return Err(error);
        }
        tracing::debug!(target = %attempts.target(), why = %failure.fault.why(), "a publish failed");
        attempts.failed(failure.fault.why(), failure.maybe_delivered)?;
        if failure.maybe_delivered {
            progress.maybe_delivered();
        }
        progress.set(Stage::Connection(Some(failure.fault.why().clone())));
        attempts.pause().await;
    }
}

async fn publish_on(
    link: Arc<Link>,
    message: &Message,
    progress: &Progress,
) -> Result<Outcome, Failure> {
    if let Some(exchange) = message.route.exchange.clone()
        && !link.has_declared(&exchange.name)
    {
        let runtime = link.runtime().clone();
        let link = link.clone();
        finish(
            &runtime,
            async move { link.ensure_exchange(&exchange).await },
        )
        .await
        .map_err(Failure::before_writing)?;
    }
    let permit = if let Ok(permit) = link.permits.clone().try_acquire_owned() {
        permit
    } else {
        let busy = "all its channels wait for confirms";
        progress.set(Stage::Connection(Some(busy.into())));
        tokio::select! {
            permit = link.permits.clone().acquire_owned() => {
                // The semaphore is never closed; were it, the link would be of no use.
                permit.map_err(|_| Failure::before_writing(Fault::lost(busy)))?
            }
            why = link.down() => return Err(Failure::before_writing(Fault::ended(why))),
        }
    };
    // The wait for a permit may have been one for a blocked broker.
    while let Some(reason) = link.blockage().filter(|_| link.is_up()) {
        progress.set(Stage::Unblocking(reason));
        link.unblocked().await;
    }
    // From here on it may be written at any time.
    progress.set(Stage::Confirmation);
    let message = message.clone();
    let runtime = link.runtime().clone();
    finish(&runtime, async move {
        let _permit = permit;
        publish_alone(&link, message).await
    })
    .await
}

/// Publishes on a channel where nothing else is on its way.
async fn publish_alone(link: &Link, message: Message) -> Result<Outcome, Failure> {
    let channel = link.lease().await.map_err(Failure::before_writing)?;
    let exchange = message
        .route
        .exchange
        .map(|exchange| exchange.name)
        .unwrap_or_default();
    let options = BasicPublishOptions {
        mandatory: message.mandatory,
        immediate: false,
    };
    let confirmed = async {
        let published = channel.basic_publish(
            exchange.clone(),
            message.route.key,
            options,
            &message.body,
            properties(message.expires),
        );
        published.await?.await
    };
    let confirmed = tokio::select! {
        biased;
        confirmed = confirmed => confirmed.map_err(|error| Failure {
            fault: Fault::of(&error),
            // lapin says so when the channel was gone before the first byte.
            maybe_delivered: !matches!(error.kind(), ErrorKind::InvalidChannelState(..)),
        }),
        why = link.down() => Err(Failure { fault: Fault::ended(why), maybe_delivered: true }),
        // The channel is given up, and the confirm with it.
        () = link.patience(CONFIRM_DEADLINE) => Err(Failure {
            fault: Fault::lost(format!("the broker has not confirmed a message for {CONFIRM_DEADLINE:?}")),
            maybe_delivered: true,
        }),
    };
    match confirmed {
        Ok(Confirmation::Ack(None) | Confirmation::NotRequested) => {
            link.give_back(channel);
            Ok(Outcome::Taken)
        }
        Ok(Confirmation::Ack(Some(_))) => {
            link.give_back(channel);
            Ok(Outcome::Returned)
        }
        Ok(Confirmation::Nack(_)) => {
            link.give_back(channel);
            Err(Failure {
                fault: Fault::lost(
                    "the broker could not take the message: its queue is full or failing",
                ),
                // Some of the queues it was routed to may have it.
                maybe_delivered: true,
            })
        }
        Err(failure) => {
            if let Fault::Missing(_) = failure.fault {
                // The exchange is gone, and the message with it: it is declared anew at the next try.
                link.forget_declared(&exchange);
                return Err(Failure::before_writing(failure.fault));
            }
            Err(failure)
        }
    }
}

fn properties(expires: Option<Instant>) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_content_type(ShortString::from("application/json"))
        .with_content_encoding(ShortString::from("utf-8"))
        .with_headers(FieldTable::default())
        .with_delivery_mode(2)
        .with_priority(0);
    match expires {
        None => properties,
        Some(expires) => {
            // What is left of the call's time: oslo.messaging writes all of it, so that a server may
            // still run what its caller has given up. RabbitMQ refuses what does not fit 32 bits.
            let left = expires.saturating_duration_since(Instant::now());
            let milliseconds = left.as_millis().clamp(1, u32::MAX.into());
            properties.with_expiration(ShortString::from(milliseconds.to_string()))
        }
    }
}

/// The error of a mandatory message that came back.
pub(super) fn require(outcome: Outcome, target: &crate::Target) -> Result<()> {
    match outcome {
        Outcome::Taken => Ok(()),
        Outcome::Returned => Err(Error::undeliverable(target)),
    }
}
