//! Publishes messages with confirms, and retries failed attempts.
//!
//! The broker returns a message before it confirms it. So when the confirm has come, it is known whether the message
//! was returned. A message is written whole or not at all. A caller's future may be dropped at any time.
//!
//! A message that may already be in a queue must not be sent again, unless its sender allows it: two servers could run
//! it. A repeated message has the same bytes, so that a server that receives both recognises its unique id.
//!
//! A [`Publisher`] owns the publishing connection's supervisor and the link over the current connection.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::yield_now;
use tracing::Level;

use super::super::amqp::{Confirmed, Failure, Name, PublishChannel};
use super::super::backoff::Backoff;
use super::super::connection::{Attempts, Engine, Progress, Supervisor};
use super::super::topology::Route;
use super::attempt::{Failed, PublishAttempt, Published, publish_on};
use super::link::Link;
use super::message::{Delivered, Message, Outcome};
use super::queue_wait::QueueWait;
use crate::error::Stage;
use crate::metrics::{self, Unpublished};
use crate::sync::Mutex;
use crate::transport::unserved::Unserved;
use crate::{Result, Target};

/// The most refused exchanges that are remembered. When there are more, all are forgotten, and may be logged again.
const EXCHANGES: usize = 1000;

/// Publishes the messages of one driver over its current connection.
#[derive(Debug)]
pub(crate) struct Publisher {
    supervisor: Supervisor,
    engine: Arc<Engine>,
    /// The link over the last connection.
    link: Mutex<Option<Arc<Link>>>,
    unserved: Unserved<(Name, Name)>,
    /// The back-off after the broker has refused to declare an exchange.
    backoff: Backoff,
    /// The exchanges that could not be declared, each with the reason that was logged. Bounded by [`EXCHANGES`].
    refused_exchanges: Mutex<HashMap<Name, Arc<str>>>,
}

impl Publisher {
    pub(crate) fn new(supervisor: Supervisor, engine: Arc<Engine>, backoff: Backoff) -> Self {
        Self {
            supervisor,
            engine,
            backoff,
            refused_exchanges: Mutex::default(),
            link: Mutex::default(),
            unserved: Unserved::default(),
        }
    }

    /// The supervisor of the publishing connection.
    pub(crate) fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// Starts to connect, unless that was done before.
    pub(crate) fn start(&self) -> Result<()> {
        self.supervisor.start()
    }

    /// Closes the connection.
    pub(crate) async fn close(&self) {
        self.supervisor.close().await;
        *self.link.lock() = None;
    }

    /// Whether there is a connection on which the broker accepts messages.
    pub(crate) fn can_publish(&self) -> bool {
        let connection = self.supervisor.ready();
        connection.is_some_and(|connection| connection.blockage().is_none())
    }

    /// The broker's limit that a body of this size exceeds, if the broker has named one.
    pub(crate) fn exceeded_limit(&self, size: usize) -> Option<usize> {
        self.ready()?.channels.exceeded_limit(size)
    }

    /// The link over the current connection, if there is one.
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

    /// Waits for a link. Fails after as many failed attempts to connect as `attempts` allows.
    async fn link(&self, attempts: &mut Attempts<'_>, progress: &Progress) -> Result<Arc<Link>> {
        loop {
            if let Some(link) = self.ready() {
                return Ok(link);
            }
            let is_urgent = attempts.is_urgent();
            let failed = |why: &Arc<str>| attempts.failed(why, false);
            self.supervisor
                .connection(is_urgent, failed, progress)
                .await?;
        }
    }

    /// Declares a route's exchange on each new connection, so that no message has to wait for the declaration. It
    /// never returns, and may be dropped at any time. It reports no faults: each message declares its exchange if it
    /// is missing, and reports why that failed.
    pub(crate) async fn keep_prepared(&self, route: &Route) -> Infallible {
        let mut connections = self.supervisor.connections();
        while let Some(connection) = connections.next().await {
            if let Some(link) = self.ready() {
                // The next message gets the same fault, and reports it.
                let _ = link.ensure_exchange(route).await;
            }
            connection.down().await;
        }
        std::future::pending().await
    }

    /// Publishes a message, and retries as `attempts` allows. If the broker returns the message, it waits for a
    /// missing queue for up to `queue_wait`. [`Delivered::Lost`] is not an error. The message's body is dropped once
    /// the broker has it.
    ///
    /// In the usual case there is a connection, the message uses a shared channel, and the broker takes it. All other
    /// cases are in a boxed future, so that a message in flight needs no room for them.
    ///
    /// # Errors
    ///
    /// The broker refuses or rejects the message, no attempt is left, or `queue_wait` is over
    /// ([`Error::Undeliverable`](crate::Error::Undeliverable)).
    #[expect(
        clippy::manual_async_fn,
        reason = "the future of an async fn would hold each argument twice"
    )]
    pub(crate) fn deliver<'a>(
        &'a self,
        message: &'a mut Message,
        queue_wait: Duration,
        attempts: &'a mut Attempts<'_>,
        progress: &'a Progress,
    ) -> impl Future<Output = Result<Delivered>> {
        async move {
            let mut published = self.publish_shared(message, progress);
            let answer = match &mut published {
                Some(published) => Some((&mut published.confirm).await),
                None => None,
            };
            let first = published.zip(answer);
            let first = match first.map(|(published, answer)| published.settled(answer, message)) {
                Some(Ok(Confirmed::Taken)) => {
                    self.report_served(&message.route, attempts.target());
                    return Ok(Delivered::Taken);
                }
                first => first,
            };
            Box::pin(self.deliver_patiently(message, queue_wait, attempts, progress, first)).await
        }
    }

    /// Continues after the first attempt, if there was one.
    async fn deliver_patiently(
        &self,
        message: &mut Message,
        queue_wait: Duration,
        attempts: &mut Attempts<'_>,
        progress: &Progress,
        first: Option<Result<Confirmed, Failure>>,
    ) -> Result<Delivered> {
        let mut outcome = match first {
            Some(Ok(confirmed)) => Outcome::Answered(confirmed),
            Some(Err(failure)) => {
                let failure = Some(failure);
                self.publish(message, attempts, progress, failure).await?
            }
            None => self.publish(message, attempts, progress, None).await?,
        };
        if outcome == Outcome::Answered(Confirmed::Returned)
            && !queue_wait.is_zero()
            && self.unserved.begins(address(&message.route))
        {
            let target = attempts.target();
            let named = message.packed().named();
            tracing::warn!(
                %target, method = named.method(), request_id = named.request_id(),
                message_id = named.message_id(), unique_id = named.unique_id(),
                "nobody serves the target: waiting for a server to declare its queue"
            );
        }
        let mut wait = QueueWait::new(queue_wait);
        loop {
            match outcome {
                Outcome::Answered(Confirmed::Taken) => {
                    self.report_served(&message.route, attempts.target());
                    return Ok(Delivered::Taken);
                }
                Outcome::Answered(Confirmed::Rejected) => return Err(attempts.rejected()),
                Outcome::Answered(Confirmed::Returned) => {}
                Outcome::Lost(why) => return Ok(Delivered::Lost(why)),
            }
            progress.unserved();
            if let Some(link) = self.ready() {
                link.restore_binding(&message.route, &self.engine);
            }
            if !wait.again().await {
                return Err(attempts.unserved());
            }
            outcome = self.publish(message, attempts, progress, None).await?;
        }
    }

    /// Whether any target is known to have no server.
    pub(crate) fn has_unserved(&self) -> bool {
        self.unserved.has_any()
    }

    /// Logs that a target has a server again, if messages to it were returned before.
    pub(crate) fn report_served(&self, route: &Route, target: &Target) {
        if self.unserved.ends(|| address(route)) {
            tracing::info!(%target, "the target is served again");
        }
    }

    /// Publishes on a shared channel without waiting. `callback` receives the answer. It may run on any thread and
    /// must not block. Returns false, and does nothing, if no shared channel can be used now.
    pub(crate) fn publish_unawaited(
        &self,
        message: &Arc<Message>,
        callback: impl FnOnce(Result<Confirmed, Failure>) + Send + 'static,
    ) -> bool {
        let Some((link, channel)) = self.shared_channel(message) else {
            return false;
        };
        PublishAttempt::shared(link, channel).publish_with_callback(message, callback);
        true
    }

    /// Publishes until the broker has answered or no attempt is left. It also stops once the message may be in a queue,
    /// unless [`Message::resend`] is set. `failure` is that of an earlier attempt, if there was one.
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
                    // The broker has not processed the message, so the attempt does not count.
                    Failure::NotProcessed(fault) => {
                        report_retry(attempts, message, fault.why());
                        // The task that closes the channel may need this thread.
                        yield_now().await;
                        continue;
                    }
                    Failure::NotTaken(fault) => (fault, false),
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
                self.unless_closing(attempts.pause()).await;
            }
            let link = self.link(attempts, progress).await?;
            if let Some(reason) = link.connection.blockage() {
                progress.set(Stage::Unblocking(reason));
                link.connection.unblocked().await;
                continue;
            }
            match publish_on(link, message, progress).await {
                Ok(confirmed) => {
                    self.refused_exchanges
                        .lock()
                        .remove(exchange_name(&message.route));
                    return Ok(Outcome::Answered(confirmed));
                }
                Err(Failed::Message(why)) => failure = Some(why),
                Err(Failed::Exchange(why)) => {
                    self.wait_for_exchange(&message.route, &why, attempts, progress)
                        .await?;
                }
            }
        }
    }

    /// Waits before the next attempt after the broker has refused to declare a message's exchange. Retrying makes
    /// sense, since the cause can be removed at the broker without changing the caller. Logs each reason of an exchange
    /// once.
    async fn wait_for_exchange(
        &self,
        route: &Route,
        why: &Arc<str>,
        attempts: &mut Attempts<'_>,
        progress: &Progress,
    ) -> Result<()> {
        let exchange = exchange_name(route);
        if self.is_new_refusal(exchange, why) {
            tracing::warn!(exchange, %why, "cannot declare the exchange: its messages wait");
        } else {
            tracing::debug!(exchange, %why, "still cannot declare the exchange");
        }
        metrics::publish_failed(Unpublished::Refused);
        attempts.declaration_refused(&format!("the exchange `{exchange}`"), why)?;
        progress.set(Stage::Declaration(why.clone()));
        self.unless_closing(attempts.pause_after_refusal(&self.backoff))
            .await;
        Ok(())
    }

    /// Waits for the end of a pause between two attempts, or until the publisher is closed. Then the next attempt fails.
    async fn unless_closing(&self, pause: impl Future<Output = ()>) {
        tokio::select! {
            () = pause => {}
            () = self.supervisor.closing() => {}
        }
    }

    /// Notes why an exchange cannot be declared. True if the last refusal had another reason, or if there was none.
    fn is_new_refusal(&self, exchange: &str, why: &Arc<str>) -> bool {
        let mut refused = self.refused_exchanges.lock();
        if refused.len() >= EXCHANGES {
            refused.clear();
        }
        refused.insert(exchange.into(), why.clone()).as_ref() != Some(why)
    }

    /// Publishes on a shared channel of the current connection, if the message may use one now.
    fn publish_shared(&self, message: &mut Message, progress: &Progress) -> Option<Published> {
        let (link, channel) = self.shared_channel(message)?;
        progress.set(Stage::Confirmation(None));
        Some(Published::on(link, channel, message))
    }

    /// The link and the shared channel for a message, if it may use one now and the broker does not block.
    fn shared_channel(&self, message: &Message) -> Option<(Arc<Link>, Arc<PublishChannel>)> {
        let link = self.ready()?;
        if link.connection.blockage().is_some() {
            return None;
        }
        let channel = link.channels.shared(&message.route, message.body.len())?;
        Some((link, channel))
    }
}

/// The name of a route's exchange. That of the default exchange is empty.
fn exchange_name(route: &Route) -> &str {
    let exchange = route.exchange.as_ref();
    exchange.map_or("", |exchange| exchange.name.as_str())
}

/// The key of a target in `Unserved`: the exchange and the routing key.
fn address(route: &Route) -> (Name, Name) {
    let exchange = route.exchange.as_ref();
    let exchange = exchange.map(|exchange| exchange.name.clone());
    (exchange.unwrap_or_default(), route.key.clone())
}

fn report_retry(attempts: &Attempts<'_>, message: &Message, why: &str) {
    // Reading the names takes time, so they are read only for an enabled event.
    if tracing::enabled!(Level::DEBUG) {
        let named = message.packed().named();
        tracing::debug!(
            target = %attempts.target(), method = named.method(), request_id = named.request_id(),
            message_id = named.message_id(), unique_id = named.unique_id(), why,
            "a publish failed: retrying"
        );
    }
}
