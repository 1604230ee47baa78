//! [`ServerState`] and [`ServerHandle`]: observe a server, for readiness probes and logs.
//!
//! The server's task owns the state. A handle only reads it, and does not keep the server alive.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::transport::ListenerState;

/// The state of a server; see [`Server::state`](super::Server::state).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerState {
    /// Requests reach the server.
    #[non_exhaustive]
    Listening {
        /// The time of the change to this state.
        since: Instant,
    },
    /// No request reaches the server, because its connection or one of its queues is gone. It reconnects on
    /// its own.
    #[non_exhaustive]
    CutOff {
        /// The time of the change to this state.
        since: Instant,
        /// Why the server lost its connection or queue, or why it could not get it back.
        why: Arc<str>,
    },
    /// The server accepts no more requests and finishes those that it has.
    #[non_exhaustive]
    Stopping {
        /// The time of the change to this state.
        since: Instant,
    },
    /// The server has stopped.
    Stopped,
}

impl ServerState {
    /// Whether requests reach the server.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        matches!(self, Self::Listening { .. })
    }
}

/// The phase of a server's life.
#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    Serving,
    /// A stop began at this time.
    Stopping(Instant),
}

/// Observes the state of a server. It stays usable after the server has stopped or was dropped. Cheap to
/// clone.
///
/// ```
/// use rpc_runtime::Server;
///
/// # async fn serve(server: Server) {
/// let handle = server.handle();
/// tokio::spawn(async move {
///     let mut state = handle.state();
///     loop {
///         println!("{state:?}");
///         state = handle.state_changed(&state).await;
///     }
/// });
/// server.run_until(tokio::signal::ctrl_c()).await;
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ServerHandle {
    /// The sender is dropped when the server has stopped.
    phase: watch::Receiver<Phase>,
    listener: watch::Receiver<ListenerState>,
}

impl ServerHandle {
    pub(super) fn new(
        phase: watch::Receiver<Phase>,
        listener: watch::Receiver<ListenerState>,
    ) -> Self {
        Self { phase, listener }
    }

    /// The current state of the server.
    #[must_use]
    pub fn state(&self) -> ServerState {
        if self.phase.has_changed().is_err() {
            return ServerState::Stopped;
        }
        if let Phase::Stopping(since) = *self.phase.borrow() {
            return ServerState::Stopping { since };
        }
        match self.listener.borrow().clone() {
            ListenerState::Listening { since } => ServerState::Listening { since },
            ListenerState::CutOff { since, why } => ServerState::CutOff { since, why },
        }
    }

    /// Waits until the server accepts no more requests.
    pub(super) async fn stopping(&self) {
        let mut phase = self.phase.clone();
        // An error means that the server has stopped.
        let _ = phase
            .wait_for(|phase| matches!(phase, Phase::Stopping(_)))
            .await;
    }

    /// Waits until the state differs from `seen`, and returns it. It never returns if `seen` is
    /// [`Stopped`](ServerState::Stopped). A state that lasts only briefly may be missed. Dropping the future
    /// has no effect.
    pub async fn state_changed(&self, seen: &ServerState) -> ServerState {
        let (mut phase, mut listener) = (self.phase.clone(), self.listener.clone());
        loop {
            // Before the state is read, so that a change after the read is noticed.
            phase.mark_unchanged();
            listener.mark_unchanged();
            let state = self.state();
            if state != *seen {
                return state;
            }
            if state == ServerState::Stopped {
                std::future::pending::<()>().await;
            }
            tokio::select! {
                // An error means that the server has stopped. The next iteration returns that state.
                _ = phase.changed() => {}
                // The pattern disables this branch if the sender is gone, as it is for a listener whose state
                // never changes.
                Ok(()) = listener.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn state_changed_returns_each_state_in_turn() {
        let since = Instant::now();
        let (phase, phases) = watch::channel(Phase::Serving);
        let (listener, listening) = watch::channel(ListenerState::Listening { since });
        let handle = ServerHandle::new(phases, listening);
        let listens = handle.state();
        assert_eq!(listens, ServerState::Listening { since });
        let why = Arc::<str>::from("cut");
        let cut = ListenerState::CutOff {
            since,
            why: why.clone(),
        };
        let changed = || {
            listener.send_replace(cut);
        };
        let (seen, ()) = tokio::join!(handle.state_changed(&listens), async { changed() });
        assert_eq!(seen, ServerState::CutOff { since, why });
        let (seen, _) = tokio::join!(handle.state_changed(&seen), async {
            phase.send_replace(Phase::Stopping(since))
        });
        assert_eq!(seen, ServerState::Stopping { since });
        // The listener is dropped first. That is not a change of state.
        drop(listener);
        let (seen, ()) = tokio::join!(handle.state_changed(&seen), async { drop(phase) });
        assert_eq!(seen, ServerState::Stopped);
        let mut last = std::pin::pin!(handle.state_changed(&seen));
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(last.as_mut().poll(context)));
        assert!(polled.await.is_pending());
    }
}
