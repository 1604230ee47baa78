//! The driver behind `rabbit://`: makes calls and casts, starts listeners, and closes everything.
//!
//! It decides what happens in which order, and how long it may take. The other modules do the work. Its state is in
//! [`Shared`], which listeners and requests in flight hold, too.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::timeout_at;

use super::amqp::Connector;
use super::connection::{Attempts, Engine, FailureLog, Progress, Supervisor};
use super::publish::{Delivered, Message, Publisher};
use super::reply_queue::ReplyQueue;
use super::serve::{MissingQueues, RabbitListener};
use super::settings::Settings;
use super::shared::Shared;
use super::topology::{Routes, Topology, process_name};
use crate::error::Stage;
use crate::span;
use crate::transport::credentials::CredentialsSource;
use crate::transport::{
    CallTerms, Driver, ListenTerms, Listener, ReplyTable, SendTerms, TransportState, TransportUrl,
};
use crate::wire::{Reply, RequestBody};
use crate::{Error, Result, Target};

/// The driver behind `rabbit://`.
#[derive(Debug)]
pub(crate) struct RabbitDriver {
    pub(super) shared: Arc<Shared>,
}

impl RabbitDriver {
    /// Makes a driver from a URL's options. It does not connect: a connection is made when it is first needed. The
    /// connections' credentials are the URL's, or those that `credentials` provides.
    pub(crate) fn new(url: &TransportUrl, credentials: Option<CredentialsSource>) -> Result<Self> {
        let settings = Settings::from_url(url, credentials.is_some())?;
        if !settings.without_effect.is_empty() {
            let options = settings.without_effect.join(", ");
            tracing::info!(options, "options of the transport URL have no effect here");
        }
        let connector = Arc::new(Connector::new(&settings, credentials)?);
        let engine = Arc::new(Engine::default());
        let failure_log = Arc::new(FailureLog::default());
        let connection = |role: &'static str| {
            let name = format!("{}:{}:{role}", process_name(), std::process::id());
            let (connector, engine) = (connector.clone(), engine.clone());
            Supervisor::new(
                &settings,
                connector,
                engine,
                failure_log.clone(),
                name,
                role,
            )
        };
        Ok(Self {
            shared: Arc::new(Shared {
                url: url.clone(),
                publisher: Publisher::new(connection("publish"), engine.clone(), settings.backoff),
                consuming: connection("consume"),
                engine,
                topology: Arc::new(Topology::new(settings.topology)),
                routes: Routes::default(),
                prefetch: settings.prefetch,
                backoff: settings.backoff,
                compression: settings.compression,
                compression_thread: Arc::default(),
                missing_reply_queue: settings.missing_reply_queue,
                table: ReplyTable::new(),
                replies: OnceLock::new(),
                missing_queues: MissingQueues::default(),
                closing: watch::Sender::new(false),
            }),
        })
    }
}

#[async_trait]
impl Driver for RabbitDriver {
    async fn send(&self, target: &Target, request: RequestBody, terms: &SendTerms) -> Result<()> {
        let shared = &*self.shared;
        let route = shared.routes.request(&shared.topology, target)?;
        let mut message = Message {
            route,
            mandatory: terms.mandatory && !target.fanout,
            quiet: false,
            resend: terms.resend,
            body: request.cast(),
            compression: None,
            expires: None,
        };
        if shared.compression.is_some() {
            shared.pack_message(&mut message).await;
        }
        let mut attempts = Attempts::new(target, terms.retry);
        let progress = Progress::new();
        let delivered =
            shared
                .publisher
                .deliver(&mut message, terms.queue_wait, &mut attempts, &progress);
        match delivered.await? {
            Delivered::Taken => Ok(()),
            Delivered::Lost(why) => Err(attempts.give_up(&why)),
        }
    }

    async fn call(
        &self,
        target: &Target,
        request: RequestBody,
        terms: &CallTerms,
    ) -> Result<Reply> {
        if target.fanout {
            return Err(Error::new_invalid_target(
                target,
                "a call needs one server that replies: use a cast for a fanout",
            ));
        }
        let progress = Progress::new();
        // One deadline around all that a call may wait for.
        let replied = timeout_at(
            terms.deadline,
            self.send_and_wait(target, request, terms, &progress),
        );
        replied
            .await
            .unwrap_or_else(|_| Err(progress.deadline_error(target, terms.timeout)))
    }

    fn system(&self) -> &'static str {
        "rabbitmq"
    }

    async fn listen(&self, target: &Target, terms: &ListenTerms) -> Result<Box<dyn Listener>> {
        let queues = self.shared.topology.server_queues(target)?;
        let mut terms = terms.clone();
        if self.shared.prefetch > 0 {
            terms.prefetch = self.shared.prefetch;
        }
        self.shared.consuming.start()?;
        // The server's replies need the publishing connection. Started now, so that the first reply need not wait for
        // it.
        self.shared.publisher.start()?;
        let listener =
            RabbitListener::start(self.shared.clone(), &target.topic, queues, &terms).await?;
        Ok(Box::new(listener) as Box<dyn Listener>)
    }

    async fn connect(&self) -> Result<()> {
        let shared = &*self.shared;
        let once = async |supervisor: &Supervisor| {
            let failed = |why: &Arc<str>| Err(Error::new_unreachable(why.clone()));
            supervisor.connection(true, failed, &Progress::new()).await
        };
        tokio::try_join!(once(shared.publisher.supervisor()), once(&shared.consuming))?;
        Ok(())
    }

    fn state(&self) -> TransportState {
        let shared = &*self.shared;
        if shared.is_closing() {
            return TransportState::Closed;
        }
        let publishing = shared.publisher.supervisor().state();
        publishing.of_both(shared.consuming.state())
    }

    async fn state_changed(&self, seen: &TransportState) -> TransportState {
        let shared = &*self.shared;
        let mut closing = shared.closing();
        loop {
            // Made before the state is read, so that no change between the read and the wait is missed.
            let mut publishing = shared.publisher.supervisor().changes();
            let mut consuming = shared.consuming.changes();
            let state = self.state();
            if state != *seen {
                return state;
            }
            tokio::select! {
                () = publishing.next() => {}
                () = consuming.next() => {}
                // Once the driver is closed, this never happens again: `Closed` is the last state.
                Ok(()) = closing.changed() => {}
            }
        }
    }

    async fn close(&self) {
        let shared = &*self.shared;
        tracing::debug!(url = %shared.url, "closing");
        shared.table.close();
        shared.closing.send_replace(true);
        if let Some(replies) = shared.replies.get() {
            replies.close();
        }
        tokio::join!(shared.publisher.close(), shared.consuming.close());
        shared.engine.close();
    }
}

impl RabbitDriver {
    /// Sends a request and waits for its reply, without a deadline.
    #[expect(
        clippy::manual_async_fn,
        reason = "the future of an async fn would hold each argument twice"
    )]
    fn send_and_wait<'a>(
        &'a self,
        target: &'a Target,
        request: RequestBody,
        terms: &'a CallTerms,
        progress: &'a Progress,
    ) -> impl Future<Output = Result<Reply>> {
        async move {
            let shared = &*self.shared;
            let route = shared.routes.request(&shared.topology, target)?;
            let mut registration = shared.table.register()?;
            span::message_id(registration.id());
            let mut attempts = Attempts::new(target, terms.send.retry);
            shared.publisher.start()?;
            // The reply queue must exist before the request is sent: the reply may come at once.
            let replies = shared.replies();
            replies.accept(terms.max_reply_size);
            let queue = match shared.consuming.ready().and_then(|_| replies.ready_name()) {
                Some(queue) => queue,
                None => Box::pin(self.reply_queue(replies, &mut attempts, progress)).await?,
            };
            let mut message = Message {
                route,
                mandatory: terms.send.mandatory,
                // With a monitor, the confirm must wake the call: the monitor starts then.
                quiet: terms.monitor.is_none(),
                resend: terms.send.resend,
                body: request.call(registration.id(), queue, terms.monitor),
                compression: None,
                expires: Some(terms.deadline),
            };
            if shared.compression.is_some() {
                // Boxed, since hardly any call's future needs room for it.
                Box::pin(shared.pack_message(&mut message)).await;
            }
            // The reply may come before the request's confirm, or the confirm may be lost. So the call waits for
            // whichever comes first. The monitor starts only after the confirm.
            let unmonitored = terms.monitor.map(|_| {
                let mut terms = Box::new(terms.clone());
                terms.monitor = None;
                terms
            });
            let unmonitored = unmonitored.as_deref().unwrap_or(terms);
            let delivered = shared.publisher.deliver(
                &mut message,
                terms.send.queue_wait,
                &mut attempts,
                progress,
            );
            let outcome = tokio::select! {
                biased;
                reply = registration.reply(target, unmonitored) => {
                    if reply.is_ok() {
                        self.report_served(target);
                    }
                    return reply;
                }
                outcome = delivered => outcome?,
            };
            if outcome == Delivered::Taken {
                progress.set(Stage::Reply);
            }
            registration.reply(target, terms).await
        }
    }

    /// Logs that a target has a server again, if messages to it had none before. A call that got its reply before the
    /// confirm needs this.
    fn report_served(&self, target: &Target) {
        let shared = &*self.shared;
        if shared.publisher.has_unserved()
            && let Ok(route) = shared.routes.request(&shared.topology, target)
        {
            shared.publisher.report_served(&route, target);
        }
    }

    /// Waits until the reply queue is consumed, and returns its name. Meanwhile, it declares the request's exchange:
    /// that saves a round trip, which takes long over a distant connection.
    async fn reply_queue<'a>(
        &self,
        replies: &'a ReplyQueue,
        attempts: &mut Attempts<'_>,
        progress: &Progress,
    ) -> Result<&'a str> {
        let shared = &*self.shared;
        let route = shared.routes.request(&shared.topology, attempts.target())?;
        let ready = async {
            let is_urgent = attempts.is_urgent();
            let failed = |why: &Arc<str>| attempts.failed(why, false);
            let consuming = &shared.consuming;
            consuming.connection(is_urgent, failed, progress).await?;
            replies.ready(attempts, progress).await
        };
        tokio::select! {
            queue = ready => queue,
            never = shared.publisher.keep_prepared(&route) => match never {},
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Retry;
    use crate::wire::RequestEncoder;

    #[test]
    fn the_future_of_a_call_is_small() {
        let driver = RabbitDriver::new(&"rabbit://".parse().unwrap(), None).unwrap();
        let target = Target::new("topic");
        let request = RequestEncoder::new("method").finish(None, None, &());
        let terms = SendTerms::new(Retry::Forever, true);
        let terms = CallTerms::new(terms, Duration::from_secs(60), None);
        let call = driver.call(&target, request.unwrap(), &terms);
        let bytes = std::mem::size_of_val(&*call);
        assert!(bytes <= 624, "{bytes} bytes");
    }
}
