//! [`Heartbeats`]: tell a caller that monitors its call that the method still runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::excerpt::excerpt;
use crate::transport::Responder;
use crate::wire::{self, ReplyTo, Request};

/// The shortest interval between heartbeats, whatever the caller asks for.
const SHORTEST_HEARTBEAT: Duration = Duration::from_millis(20);

/// Sends heartbeats for one running call until it is dropped. It has its own task. So, on a runtime with several threads,
/// a handler that yields rarely does not delay the heartbeats.
pub(super) struct Heartbeats(AbortHandle);

impl Heartbeats {
    /// Starts heartbeats if the caller monitors the call.
    pub(super) fn of(request: &Request<'_>, responder: &Arc<dyn Responder>) -> Option<Self> {
        let (to, silence) = request.reply_to().zip(request.monitor())?;
        Some(Self::start(responder.clone(), to.clone(), silence))
    }

    fn start(responder: Arc<dyn Responder>, to: ReplyTo, silence: Duration) -> Self {
        let interval = (silence / 2).max(SHORTEST_HEARTBEAT);
        let beating = tokio::spawn(async move {
            loop {
                // The sleep comes first: the caller accepts a silence of two intervals.
                sleep(interval).await;
                let sent = responder.clone().reply(&to, wire::heartbeat(&to));
                if let Err(error) = sent.await {
                    tracing::debug!(
                        method = to.method(), request_id = to.request_id(),
                        message_id = %excerpt(&to.message_id), queue = %excerpt(&to.queue), %error,
                        "a heartbeat was not sent"
                    );
                }
            }
        });
        Self(beating.abort_handle())
    }
}

impl Drop for Heartbeats {
    fn drop(&mut self) {
        self.0.abort();
    }
}
