//! [`Heartbeats`]: tell a caller that monitors its call that the method still runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::reply::send;
use crate::transport::Responder;
use crate::wire::{self, ReplyTo, Request};

/// The shortest interval between heartbeats, whatever the caller asks for.
const SHORTEST_HEARTBEAT: Duration = Duration::from_millis(20);

/// Sends heartbeats for one running call until it is dropped. It has its own task, so that a handler that
/// yields rarely does not delay them.
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
                // The caller allows a silence of twice this interval, or less if it asks for shorter intervals.
                sleep(interval).await;
                send(responder.clone(), &to, wire::heartbeat(&to)).await;
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
