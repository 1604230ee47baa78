//! One attempt to publish one message over one link.
//!
//! An attempt picks the channel, declares the exchange if need be, writes the message, and waits for the broker's
//! answer. It tells the [channels](super::channels) what the answer proves. It must never retry: the
//! [publisher](super::publisher) does. The attempt owns its permit for an exclusive channel until the broker has
//! answered, even if the caller's future is dropped.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::super::amqp::{Answer, Confirm, Confirmed, Failure, Fault, PublishChannel};
use super::super::connection::Progress;
use super::super::topology::Route;
use super::channels::Way;
use super::exclusive_limit::ExclusivePermit;
use super::link::Link;
use super::message::Message;
use crate::error::Stage;
use crate::metrics::{self, Unpublished};

/// Fails if the broker is known to refuse a body of this size.
fn check_size(link: &Link, size: usize) -> Result<(), Failure> {
    match link.channels.exceeded_limit(size) {
        None => Ok(()),
        Some(limit) => Err(Failure::NotTaken(Fault::too_large(size, limit))),
    }
}

/// Why an attempt failed.
pub(super) enum Failed {
    Message(Failure),
    /// The broker refuses to declare the message's exchange.
    Exchange(Arc<str>),
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self::Message(failure)
    }
}

/// The failure of a message whose exchange could not be declared.
fn undeclared(fault: Fault) -> Failed {
    match fault {
        Fault::Refused(why) => Failed::Exchange(why),
        Fault::Lost(_) | Fault::Missing(_) => Failed::Message(Failure::NotTaken(fault)),
    }
}

/// Publishes a message once over a link, and waits for the broker's answer.
pub(super) async fn publish_on(
    link: Arc<Link>,
    message: &mut Message,
    progress: &Progress,
) -> Result<Confirmed, Failed> {
    check_size(&link, message.body.len())?;
    let declared = link.ensure_exchange(&message.route).await;
    declared.map_err(undeclared)?;
    let permit = match permitted(&link, message, progress).await? {
        Permitted::Shared(channel) => {
            return Ok(publish_shared_on(link, channel, message, progress).await?);
        }
        Permitted::Exclusive(permit) => permit,
    };
    match publish_exclusively(link.clone(), permit, message, progress).await {
        // The message was not at fault. `NotProcessed` sends it again at once, without counting an attempt.
        Err(Failure::NotTaken(fault)) if link.adapt_declaration(&message.route, &fault) => {
            Err(Failure::NotProcessed(fault).into())
        }
        // If the exchange's declaration was sent with the message, either may have been refused. Declaring the exchange
        // alone shows which.
        Err(Failure::NotTaken(fault)) if fault.is_refused() && fault.size_limit().is_none() => {
            let declared = link.declare_alone(&message.route).await;
            declared.map_err(undeclared)?;
            Err(Failure::NotTaken(fault).into())
        }
        outcome => Ok(outcome?),
    }
}

/// Publishes once on an exclusive channel.
async fn publish_exclusively(
    link: Arc<Link>,
    permit: ExclusivePermit,
    message: &mut Message,
    progress: &Progress,
) -> Result<Confirmed, Failure> {
    let channel = link.channels.exclusive().map_err(Failure::NotTaken)?;
    unblocked(&link, progress).await;
    if let Some(declaration) = link.declaration(&message.route) {
        let declared = channel.declare_exchange(declaration);
        declared.map_err(Failure::NotTaken)?;
    }
    let attempt = PublishAttempt {
        link,
        channel,
        exclusive: Some(Box::new(Exclusive {
            permit,
            size: message.body.len(),
        })),
    };
    let (sender, outcome) = oneshot::channel();
    // The callback runs even if the caller's future is dropped: later messages use what the answer proves.
    attempt.publish_with_callback(message, move |outcome| {
        // Fails only if the caller's future was dropped.
        let _ = sender.send(outcome);
    });
    let outcome = outcome.await;
    let outcome =
        outcome.unwrap_or_else(|_| Err(Failure::Unanswered(Fault::lost("the confirm was lost"))));
    if matches!(outcome, Ok(Confirmed::Taken)) {
        message.body = Bytes::new();
    }
    outcome
}

/// The channel on which a message may be published.
enum Permitted {
    Shared(Arc<PublishChannel>),
    Exclusive(ExclusivePermit),
}

/// Waits until a message may be published.
async fn permitted(
    link: &Link,
    message: &Message,
    progress: &Progress,
) -> Result<Permitted, Failure> {
    let (route, size) = (&message.route, message.body.len());
    loop {
        // Made before the check, so that no confirm between the check and the wait is missed.
        let revived = link.connection.revived();
        let limit = match link.channels.way(route, size) {
            Way::Shared(channel) => return Ok(Permitted::Shared(channel)),
            Way::Exclusive(limit) => limit,
        };
        if let Some(permit) = limit.try_permit(route) {
            return Ok(Permitted::Exclusive(permit));
        }
        progress.set(Stage::Connection(Some(
            "the connection is up, but too many messages wait for their confirms".into(),
        )));
        let permit = tokio::select! {
            permit = limit.permit(route) => permit,
            () = revived => continue,
            why = link.connection.down() => return Err(Failure::NotTaken(Fault::ended(why))),
        };
        // During the wait, another message may have proved that this one may share a channel, or that it is too large.
        check_size(link, size)?;
        if let Way::Shared(channel) = link.channels.way(route, size) {
            return Ok(Permitted::Shared(channel));
        }
        // Cannot happen: the limits' semaphores are never closed.
        let ended = |_| Failure::NotTaken(Fault::lost("the connection was cut"));
        return permit.map(Permitted::Exclusive).map_err(ended);
    }
}

/// Publishes once on a shared channel.
async fn publish_shared_on(
    link: Arc<Link>,
    channel: Arc<PublishChannel>,
    message: &mut Message,
    progress: &Progress,
) -> Result<Confirmed, Failure> {
    unblocked(&link, progress).await;
    let mut published = Published::on(link, channel, message);
    let answer = (&mut published.confirm).await;
    published.settled(answer, message)
}

/// Waits while the broker blocks the connection. Then sets the stage to waiting for a confirm: from then on, the
/// message may have been written.
async fn unblocked(link: &Link, progress: &Progress) {
    let connection = &link.connection;
    while let Some(reason) = connection.blockage().filter(|_| connection.is_up()) {
        progress.set(Stage::Unblocking(reason));
        connection.unblocked().await;
    }
    progress.set(Stage::Confirmation(None));
}

/// The link and the channel of one attempt.
pub(super) struct PublishAttempt {
    link: Arc<Link>,
    channel: Arc<PublishChannel>,
    /// Present for a message on an exclusive channel. Boxed, since each call's future holds a [`PublishAttempt`].
    exclusive: Option<Box<Exclusive>>,
}

/// The state of a message on an exclusive channel.
struct Exclusive {
    /// Held until the broker has answered.
    permit: ExclusivePermit,
    /// The size of the message's body, in bytes.
    size: usize,
}

impl PublishAttempt {
    /// An attempt on a shared channel.
    pub(super) fn shared(link: Arc<Link>, channel: Arc<PublishChannel>) -> Self {
        Self {
            link,
            channel,
            exclusive: None,
        }
    }

    /// Publishes a message. `callback` receives the outcome. It may run on any thread and must not block.
    pub(super) fn publish_with_callback(
        self,
        message: &Message,
        callback: impl FnOnce(Result<Confirmed, Failure>) + Send + 'static,
    ) {
        let (channel, route) = (self.channel.clone(), message.route.clone());
        let callback = move |answer| callback(self.settled(answer, &route));
        channel.publish_with_callback(message.publish(), Box::new(callback));
    }

    /// Ends the attempt with the broker's answer, or with the failure if none has come.
    fn settled(self, answer: Answer, route: &Route) -> Result<Confirmed, Failure> {
        let channels = &self.link.channels;
        match answer {
            Ok(confirmed @ (Confirmed::Taken | Confirmed::Returned)) => {
                if let Some(exclusive) = self.exclusive {
                    channels.proved(self.channel, route, exclusive.size);
                    drop(exclusive.permit);
                }
                if confirmed == Confirmed::Returned {
                    metrics::publish_failed(Unpublished::Returned);
                }
                Ok(confirmed)
            }
            Ok(Confirmed::Rejected) => {
                metrics::publish_failed(Unpublished::Rejected);
                channels.doubt(&self.channel, route);
                Ok(Confirmed::Rejected)
            }
            Err(failure) => {
                match &failure {
                    Failure::NotProcessed(_) => {}
                    Failure::NotTaken(fault @ (Fault::Missing(_) | Fault::Refused(_))) => {
                        metrics::publish_failed(Unpublished::Refused);
                        channels.refused(route, fault);
                    }
                    Failure::NotTaken(Fault::Lost(_)) | Failure::Unanswered(_) => {
                        channels.doubt(&self.channel, route);
                        channels.doubt_exchange(route);
                    }
                }
                Err(failure)
            }
        }
    }
}

/// A message on a shared channel that waits for its confirm.
pub(super) struct Published {
    attempt: PublishAttempt,
    pub(super) confirm: Confirm,
}

impl Published {
    /// Publishes a message. Its body moves into the confirm, which drops it once the broker has it.
    pub(super) fn on(link: Arc<Link>, channel: Arc<PublishChannel>, message: &mut Message) -> Self {
        let confirm = channel.publish(message.publish(), message.quiet);
        confirm.keep(std::mem::take(&mut message.body));
        let attempt = PublishAttempt::shared(link, channel);
        Self { attempt, confirm }
    }

    /// Ends the attempt with the broker's answer, or with the failure if none has come. A message that was not taken
    /// gets its body back.
    pub(super) fn settled(
        self,
        answer: Answer,
        message: &mut Message,
    ) -> Result<Confirmed, Failure> {
        if !matches!(answer, Ok(Confirmed::Taken)) {
            message.body = self.confirm.kept();
        }
        self.attempt.settled(answer, &message.route)
    }
}
