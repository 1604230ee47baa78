//! Hands messages to the broker, each with a confirm.
//!
//! The broker returns a message before it confirms it: once the confirm is there, it is known whether the message came
//! back. A caller may go at any time. A message is written whole or not at all.
//!
//! What may have come through is not sent again, unless its sender allows it: two servers could be given one each. Then
//! the same bytes are sent, so that a server that has both knows the repetition by its identity.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::Instant;
use tracing::Level;

use super::super::amqp::{Answer, Confirm, Confirmed, Failure, Fault, Publish, PublishChannel};
use super::super::backoff::Backoff;
use super::super::compression::{Compression, Packed};
use super::super::connection::{Attempts, Engine, Progress, Supervisor};
use super::super::topology::Route;
use super::channels::Way;
use super::exclusive_limit::ExclusivePermit;
use super::link::Link;
use super::queue_wait::QueueWait;
use super::unserved::Unserved;
use crate::error::Stage;
use crate::metrics::{self, Unpublished};
use crate::sync::Mutex;
use crate::wire::Named;
use crate::{Result, Target};

/// A message ready to go; cloning shares the bytes.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) route: Arc<Route>,
    pub(crate) mandatory: bool,
    /// Whether its sender also waits for a reply, so that a positive confirm need not wake it.
    pub(crate) quiet: bool,
    /// Whether it may be sent again when it may have come through.
    pub(crate) resend: bool,
    pub(crate) body: Bytes,
    /// The format of the body, if it is compressed.
    pub(crate) compression: Option<Compression>,
    /// When it is of no use any more: the broker drops it then.
    pub(crate) expires: Option<Instant>,
}

impl Message {
    /// The body, with its format.
    pub(crate) fn packed(&self) -> Packed {
        Packed {
            body: self.body.clone(),
            compression: self.compression,
        }
    }

    fn publish(&self) -> Publish<'_> {
        let exchange = self.route.exchange.as_ref();
        Publish {
            exchange: exchange.map_or("", |exchange| exchange.name.as_str()),
            key: self.route.key.as_str(),
            mandatory: self.mandatory,
            expiration: self.expires.map(expiration),
            compression: self.compression,
            body: &self.body,
        }
    }
}

/// What the broker did with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is in a queue; if it was not mandatory, perhaps in none.
    Taken,
    /// There is no queue for it.
    Returned,
    /// A queue for it is full or failing.
    Rejected,
    /// For this reason nobody can tell whether it is in a queue.
    Lost(Arc<str>),
}

/// The messages of one driver on their way out, over the connection that stands.
#[derive(Debug)]
pub(crate) struct Publisher {
    supervisor: Supervisor,
    engine: Arc<Engine>,
    /// The link over the last connection.
    link: Mutex<Option<Arc<Link>>>,
    unserved: Unserved,
    /// After refusals.
    backoff: Backoff,
    /// The last reason that was logged for which an exchange could not be declared.
    refused_exchange: Mutex<Option<Arc<str>>>,
}

impl Publisher {
    pub(crate) fn new(supervisor: Supervisor, engine: Arc<Engine>, backoff: Backoff) -> Self {
        Self {
            supervisor,
            engine,
            backoff,
            refused_exchange: Mutex::default(),
            link: Mutex::default(),
            unserved: Unserved::default(),
        }
    }

    /// The connection that messages are published on.
    pub(crate) fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// Begins to connect, if that was not done before.
    pub(crate) fn start(&self) -> Result<()> {
        self.supervisor.start()
    }

    /// Ends the connection in good order.
    pub(crate) async fn close(&self) {
        self.supervisor.close().await;
        *self.link.lock() = None;
    }

    /// Whether a connection stands on which the broker accepts messages.
    pub(crate) fn can_publish(&self) -> bool {
        let connection = self.supervisor.ready();
        connection.is_some_and(|connection| connection.blockage().is_none())
    }

    /// The broker's limit that a body of this size exceeds, if the broker has named one.
    pub(crate) fn exceeded_limit(&self, size: usize) -> Option<usize> {
        self.ready()?.channels.exceeded_limit(size)
    }

    /// The link over the connection that stands, if one does.
    fn ready(&self) -> Option<Arc<Link>> {
        let connection = self.supervisor.ready();
        let mut link = self.link.lock();
        let Some(connection) = connection else {
            *link = None;
            return None;
        };
        let known = link
            .as_ref()
            .filter(|link| Arc::ptr_eq(&link.connection, &connection));
        if let Some(known) = known {
            return Some(known.clone());
        }
        Some(link.insert(Arc::new(Link::new(connection))).clone())
    }

    /// Waits for a link, for as many failures as `attempts` allows.
    async fn link(&self, attempts: &mut Attempts<'_>, progress: &Progress) -> Result<Arc<Link>> {
        loop {
            if let Some(link) = self.ready() {
                return Ok(link);
            }
            self.supervisor.connection(attempts, progress).await?;
        }
    }

    /// Declares a route's exchange on each connection, so that a message finds it declared. It never ends, reports
    /// nothing, and can be dropped at any time: a message declares what is missing, and hears why it cannot be done.
    pub(crate) async fn keep_prepared(&self, route: &Route) -> Infallible {
        let mut connections = self.supervisor.connections();
        while let Some(connection) = connections.next().await {
            if let Some(link) = self.ready() {
                // A message learns of a fault by itself.
                let _ = link.ensure_exchange(route).await;
            }
            connection.down().await;
        }
        std::future::pending().await
    }

    /// Publishes a message that must reach a queue, and waits for that queue for `queue_wait`. A message that is lost
    /// is not an error. The message's body is kept until the broker has it, and no longer.
    ///
    /// Nearly always a connection stands, the message shares a channel, and the broker takes it. All else has a future
    /// of its own, so that a message in flight has no room for it.
    ///
    /// # Errors
    ///
    /// What the broker refuses or rejects, a failure when no attempt is left, and [`Error::Undeliverable`](crate::Error::Undeliverable) when the
    /// wait for the queue is over.
    #[expect(
        clippy::manual_async_fn,
        reason = "its future would hold what it is given twice"
    )]
    pub(crate) fn deliver<'a>(
        &'a self,
        message: &'a mut Message,
        queue_wait: Duration,
        attempts: &'a mut Attempts<'_>,
        progress: &'a Progress,
    ) -> impl Future<Output = Result<Outcome>> {
        async move {
            let mut published = self.publish_shared(message, progress);
            let answer = match &mut published {
                Some(published) => Some((&mut published.confirm).await),
                None => None,
            };
            let first = published.zip(answer);
            let first = match first.map(|(published, answer)| published.settled(answer, message)) {
                Some(Ok(Outcome::Taken)) => {
                    self.report_served(&message.route, attempts.target());
                    return Ok(Outcome::Taken);
                }
                first => first,
            };
            Box::pin(self.deliver_patiently(message, queue_wait, attempts, progress, first)).await
        }
    }

    /// Goes on after a first try, if there was one.
    async fn deliver_patiently(
        &self,
        message: &mut Message,
        queue_wait: Duration,
        attempts: &mut Attempts<'_>,
        progress: &Progress,
        first: Option<Result<Outcome, Failure>>,
    ) -> Result<Outcome> {
        let mut outcome = match first {
            Some(Ok(outcome)) => outcome,
            Some(Err(failure)) => {
                let failure = Some(failure);
                self.publish(message, attempts, progress, failure).await?
            }
            None => self.publish(message, attempts, progress, None).await?,
        };
        if outcome == Outcome::Returned
            && !queue_wait.is_zero()
            && self.unserved.begins(&message.route)
        {
            let target = attempts.target();
            let named = Named::in_body(&message.body);
            tracing::warn!(
                %target, method = named.method(), request_id = named.request_id(),
                message_id = named.message_id(), unique_id = named.unique_id(),
                "nobody serves the target: waiting for a server to declare its queue"
            );
        }
        let mut wait = QueueWait::new(queue_wait);
        while outcome == Outcome::Returned {
            progress.unserved();
            if let Some(link) = self.ready() {
                link.restore_binding(&message.route, &self.engine);
            }
            if !wait.again().await {
                return Err(attempts.unserved());
            }
            outcome = self.publish(message, attempts, progress, None).await?;
        }
        match outcome {
            Outcome::Rejected => Err(attempts.rejected()),
            Outcome::Taken => {
                self.report_served(&message.route, attempts.target());
                Ok(Outcome::Taken)
            }
            outcome @ (Outcome::Returned | Outcome::Lost(_)) => Ok(outcome),
        }
    }

    /// Whether any target is not served, as far as is known.
    pub(crate) fn has_unserved(&self) -> bool {
        self.unserved.is_any()
    }

    /// Logs that a target is served again, if it was not.
    pub(crate) fn report_served(&self, route: &Route, target: &Target) {
        if self.unserved.ends(route) {
            tracing::info!(%target, "the target is served again");
        }
    }

    /// Publishes on a shared channel; nobody waits. `callback` is called with the outcome, on any thread, and must not
    /// block. False if the message cannot be published like that now.
    pub(crate) fn publish_unawaited(
        &self,
        message: &Arc<Message>,
        callback: impl FnOnce(Result<Outcome, Failure>) + Send + 'static,
    ) -> bool {
        let Some((link, channel)) = self.shared_channel(message) else {
            return false;
        };
        let attempt = PublishAttempt {
            link,
            channel,
            exclusive: None,
        };
        attempt.publish_with_callback(message, callback);
        true
    }

    /// Publishes until the broker has answered, no attempt is left, or the message may have come through. Goes on
    /// after a failure, if there was one.
    pub(crate) async fn publish(
        &self,
        message: &mut Message,
        attempts: &mut Attempts<'_>,
        progress: &Progress,
        mut failure: Option<Failure>,
    ) -> Result<Outcome> {
        loop {
            if let Some(failure) = failure.take() {
                let (fault, maybe_delivered) = match failure {
                    // Another message's fault does not count as an attempt of this one.
                    Failure::NotReached(fault) => {
                        report_retry(attempts, message, fault.why());
                        // Whoever closes the channel may need this thread.
                        yield_now().await;
                        continue;
                    }
                    Failure::Unsent(fault) => (fault, false),
                    Failure::Unanswered(fault) => (fault, true),
                };
                let why = fault.why().clone();
                if let Some(error) = fault.refusal(&format!("a message for {}", attempts.target()))
                {
                    return Err(attempts.refused(error, &why));
                }
                if maybe_delivered {
                    progress.lost(&why);
                    if !message.resend {
                        return Ok(Outcome::Lost(why));
                    }
                }
                attempts.failed(&why, maybe_delivered)?;
                report_retry(attempts, message, &why);
                progress.set(Stage::Connection(Some(why)));
                attempts.pause().await;
            }
            let link = self.link(attempts, progress).await?;
            if let Some(reason) = link.connection.blockage() {
                progress.set(Stage::Unblocking(reason));
                link.connection.unblocked().await;
                continue;
            }
            match publish_on(link, message, progress).await {
                Ok(outcome) => return Ok(outcome),
                Err(Failed::Message(why)) => failure = Some(why),
                Err(Failed::Exchange(why)) => {
                    self.wait_for_exchange(&message.route, &why, attempts, progress)
                        .await?;
                }
            }
        }
    }

    /// Waits after the broker has refused to declare a message's exchange: whoever corrects that does not correct the
    /// caller. It is logged once for each reason.
    async fn wait_for_exchange(
        &self,
        route: &Route,
        why: &Arc<str>,
        attempts: &mut Attempts<'_>,
        progress: &Progress,
    ) -> Result<()> {
        let exchange = route
            .exchange
            .as_ref()
            .map_or("", |exchange| exchange.name.as_str());
        let is_new = self.refused_exchange.lock().replace(why.clone()).as_ref() != Some(why);
        if is_new {
            tracing::warn!(exchange, %why, "cannot declare the exchange: its messages wait");
        } else {
            tracing::debug!(exchange, %why, "still cannot declare the exchange");
        }
        attempts.declaration_refused(&format!("the exchange `{exchange}`"), why)?;
        progress.set(Stage::Declaration(why.clone()));
        attempts.pause_after_refusal(&self.backoff).await;
        Ok(())
    }

    /// Publishes on a shared channel of the connection that stands, if nothing is in the message's way.
    fn publish_shared(&self, message: &mut Message, progress: &Progress) -> Option<Published> {
        let (link, channel) = self.shared_channel(message)?;
        progress.set(Stage::Confirmation(None));
        Some(Published::on(link, channel, message))
    }

    /// The link and the shared channel for a message, if nothing is in its way.
    fn shared_channel(&self, message: &Message) -> Option<(Arc<Link>, Arc<PublishChannel>)> {
        let link = self.ready()?;
        if link.connection.blockage().is_some() {
            return None;
        }
        let channel = link.channels.shared(&message.route, message.body.len())?;
        Some((link, channel))
    }
}

fn report_retry(attempts: &Attempts<'_>, message: &Message, why: &str) {
    // The message is read for it.
    if tracing::enabled!(Level::DEBUG) {
        let named = Named::in_body(&message.body);
        tracing::debug!(
            target = %attempts.target(), method = named.method(), request_id = named.request_id(),
            message_id = named.message_id(), unique_id = named.unique_id(), why,
            "a publish failed: trying again"
        );
    }
}

/// An error if the broker is known to refuse a body of this size.
fn check_size(link: &Link, size: usize) -> Result<(), Failure> {
    match link.channels.exceeded_limit(size) {
        None => Ok(()),
        Some(limit) => Err(Failure::Unsent(Fault::too_large(size, limit))),
    }
}

/// Why a message was not published.
enum Failed {
    Message(Failure),
    /// The broker refuses to declare its exchange.
    Exchange(Arc<str>),
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self::Message(failure)
    }
}

/// The fault of a declaration.
fn undeclared(fault: Fault) -> Failed {
    match fault {
        Fault::Refused(why) => Failed::Exchange(why),
        Fault::Lost(_) | Fault::Missing(_) => Failed::Message(Failure::Unsent(fault)),
    }
}

/// Publishes once over a link.
async fn publish_on(
    link: Arc<Link>,
    message: &mut Message,
    progress: &Progress,
) -> Result<Outcome, Failed> {
    check_size(&link, message.body.len())?;
    let declared = link.ensure_exchange(&message.route).await;
    declared.map_err(undeclared)?;
    let permit = match way(&link, message, progress).await? {
        Permitted::Shared(channel) => {
            return Ok(publish_shared_on(link, channel, message, progress).await?);
        }
        Permitted::Exclusive(permit) => permit,
    };
    match publish_exclusively(link.clone(), permit, message, progress).await {
        // It is sent again at once, and that does not count as an attempt.
        Err(Failure::Unsent(fault)) if link.is_used_as_found(&message.route, &fault) => {
            Err(Failure::NotReached(fault).into())
        }
        // The message or its declaration, on the same channel: the declaration alone tells.
        Err(Failure::Unsent(fault)) if fault.is_refused() && fault.size_limit().is_none() => {
            let declared = link.declare_alone(&message.route).await;
            declared.map_err(undeclared)?;
            Err(Failure::Unsent(fault).into())
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
) -> Result<Outcome, Failure> {
    let channel = link.channels.exclusive().map_err(Failure::Unsent)?;
    unblocked(&link, progress).await;
    if let Some(declaration) = link.declaration(&message.route) {
        let declared = channel.declare_exchange(declaration);
        declared.map_err(Failure::Unsent)?;
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
    // The attempt is settled even if the caller goes: what it proves is for others.
    attempt.publish_with_callback(message, move |outcome| {
        // The caller may have gone.
        let _ = sender.send(outcome);
    });
    let outcome = outcome.await;
    let outcome =
        outcome.unwrap_or_else(|_| Err(Failure::Unanswered(Fault::lost("the confirm was lost"))));
    if matches!(outcome, Ok(Outcome::Taken)) {
        message.body = Bytes::new();
    }
    outcome
}

/// What a message may be published on.
enum Permitted {
    Shared(Arc<PublishChannel>),
    Exclusive(ExclusivePermit),
}

/// Waits until a message may be published.
async fn way(link: &Link, message: &Message, progress: &Progress) -> Result<Permitted, Failure> {
    let (route, size) = (&message.route, message.body.len());
    loop {
        // What happens from now on is not missed.
        let revived = link.connection.revived();
        let limit = match link.channels.way(route, size) {
            Way::Shared(channel) => return Ok(Permitted::Shared(channel)),
            Way::Exclusive(limit) => limit,
        };
        if let Some(permit) = limit.try_permit(route) {
            return Ok(Permitted::Exclusive(permit));
        }
        progress.set(Stage::Connection(Some(
            "all its channels wait for confirms".into(),
        )));
        let permit = tokio::select! {
            permit = limit.permit(route) => permit,
            () = revived => continue,
            why = link.connection.down() => return Err(Failure::Unsent(Fault::ended(why))),
        };
        // Another message may have proved meanwhile that this one may share a channel, or that it is too large.
        check_size(link, size)?;
        if let Way::Shared(channel) = link.channels.way(route, size) {
            return Ok(Permitted::Shared(channel));
        }
        // The limits are never closed.
        let ended = |_| Failure::Unsent(Fault::lost("the connection was cut"));
        return permit.map(Permitted::Exclusive).map_err(ended);
    }
}

/// Publishes once on a shared channel.
async fn publish_shared_on(
    link: Arc<Link>,
    channel: Arc<PublishChannel>,
    message: &mut Message,
    progress: &Progress,
) -> Result<Outcome, Failure> {
    unblocked(&link, progress).await;
    let mut published = Published::on(link, channel, message);
    let answer = (&mut published.confirm).await;
    published.settled(answer, message)
}

/// Waits while the broker blocks the connection. From then on a message may be written at any time.
async fn unblocked(link: &Link, progress: &Progress) {
    let connection = &link.connection;
    while let Some(reason) = connection.blockage().filter(|_| connection.is_up()) {
        progress.set(Stage::Unblocking(reason));
        connection.unblocked().await;
    }
    progress.set(Stage::Confirmation(None));
}

/// What a message goes over.
struct PublishAttempt {
    link: Arc<Link>,
    channel: Arc<PublishChannel>,
    /// For a message on an exclusive channel. In a box, since a call's future holds an attempt.
    exclusive: Option<Box<Exclusive>>,
}

/// What a message on an exclusive channel proves, if the broker takes it.
struct Exclusive {
    /// Held until the broker has answered.
    permit: ExclusivePermit,
    /// Of the message's body, in bytes.
    size: usize,
}

impl PublishAttempt {
    /// Publishes a message; `callback` is called with the outcome, on any thread, and must not block.
    fn publish_with_callback(
        self,
        message: &Message,
        callback: impl FnOnce(Result<Outcome, Failure>) + Send + 'static,
    ) {
        let (channel, route) = (self.channel.clone(), message.route.clone());
        let callback = move |answer| callback(self.settled(answer, &route));
        channel.publish_with_callback(message.publish(), Box::new(callback));
    }

    /// The broker has answered, or there will be no answer.
    fn settled(self, answer: Answer, route: &Route) -> Result<Outcome, Failure> {
        let channels = &self.link.channels;
        match answer {
            Ok(confirmed @ (Confirmed::Taken | Confirmed::Returned)) => {
                if let Some(exclusive) = self.exclusive {
                    channels.proved(self.channel, route, exclusive.size);
                    drop(exclusive.permit);
                }
                Ok(if confirmed == Confirmed::Taken {
                    Outcome::Taken
                } else {
                    metrics::publish_failed(Unpublished::Returned);
                    Outcome::Returned
                })
            }
            Ok(Confirmed::Rejected) => {
                metrics::publish_failed(Unpublished::Rejected);
                channels.doubt(&self.channel, route);
                Ok(Outcome::Rejected)
            }
            Err(failure) => {
                match &failure {
                    Failure::NotReached(_) => {}
                    Failure::Unsent(fault @ (Fault::Missing(_) | Fault::Refused(_))) => {
                        metrics::publish_failed(Unpublished::Refused);
                        channels.refused(route, fault);
                    }
                    Failure::Unsent(Fault::Lost(_)) | Failure::Unanswered(_) => {
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
struct Published {
    attempt: PublishAttempt,
    confirm: Confirm,
}

impl Published {
    fn on(link: Arc<Link>, channel: Arc<PublishChannel>, message: &mut Message) -> Self {
        let confirm = channel.publish(message.publish(), message.quiet);
        confirm.keep(std::mem::take(&mut message.body));
        let attempt = PublishAttempt {
            link,
            channel,
            exclusive: None,
        };
        Self { attempt, confirm }
    }

    /// The broker has answered, or there will be no answer. A message that was not taken gets its body back.
    fn settled(self, answer: Answer, message: &mut Message) -> Result<Outcome, Failure> {
        if !matches!(answer, Ok(Confirmed::Taken)) {
            message.body = self.confirm.kept();
        }
        self.attempt.settled(answer, &message.route)
    }
}

/// What is left of a call's time, in milliseconds: oslo.messaging writes all of it, so that a server may still run
/// what its caller has given up. RabbitMQ refuses what does not fit 32 bits.
fn expiration(expires: Instant) -> u32 {
    let left = expires.saturating_duration_since(Instant::now());
    u32::try_from(left.as_millis()).unwrap_or(u32::MAX).max(1)
}
