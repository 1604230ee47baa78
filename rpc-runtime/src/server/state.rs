//! How a server is: a plain value, for probes and for people, and who is told when it changes.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::transport::ListenerState;

/// How a server is; see [`Server::state`](super::Server::state).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerState {
    /// Requests reach the server.
    #[non_exhaustive]
    Listening {
        /// Since when.
        since: Instant,
    },
    /// No request reaches the server: its connection or one of its queues is gone. It listens again by itself.
    #[non_exhaustive]
    CutOff {
        /// Since when.
        since: Instant,
        /// What ended the listening, or why it could not begin again.
        why: Arc<str>,
    },
    /// The server takes no more requests, and finishes those that it has.
    #[non_exhaustive]
    Stopping {
        /// Since when.
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

/// What a server does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    Serving,
    /// Since then.
    Stopping(Instant),
}

/// Tells how a server is, for as long as one likes: the server may be stopped, or gone. Cheap to clone.
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
    /// The server has stopped when its sender is gone.
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

    /// How the server is.
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

    /// Waits until the server's state is another than `seen`, and gives it; for ever once it is
    /// [`Stopped`](ServerState::Stopped). A state that lasts for less than it takes to look may be missed. A dropped future
    /// loses nothing.
    pub async fn state_changed(&self, seen: &ServerState) -> ServerState {
        let (mut phase, mut listener) = (self.phase.clone(), self.listener.clone());
        loop {
            // Before the look, so that nothing is missed in between.
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
                // An error is the end, which the next look shows.
                _ = phase.changed() => {}
                // A listener that never changes has no sender.
                Ok(()) = listener.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_state_is_seen_in_turn() {
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
        // The listener goes first, and that is no change.
        drop(listener);
        let (seen, ()) = tokio::join!(handle.state_changed(&seen), async { drop(phase) });
        assert_eq!(seen, ServerState::Stopped);
        let mut last = std::pin::pin!(handle.state_changed(&seen));
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(last.as_mut().poll(context)));
        assert!(polled.await.is_pending());
    }
}
