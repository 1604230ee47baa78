//! How many requests of one listener may be under way at once, over all its sessions; and whether there is somebody
//! to run them.

use std::sync::{Arc, Mutex, MutexGuard, Weak};

use tokio::sync::{Semaphore, watch};

use super::session::Session;
use crate::mutex::lock;

/// The permits of a listener.
#[derive(Debug)]
pub(super) struct Permits {
    count: u32,
    free: Semaphore,
    phase: watch::Sender<Phase>,
    /// Who takes requests now, and is told when there is a permit again.
    session: Mutex<Weak<Session>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nobody has asked for a request so far.
    Idle,
    Listening,
    /// What was taken is finished, and no more is.
    Closed,
    /// Nobody would run a request, nor see to its reply.
    Gone,
}

/// The right to run one request, given back when dropped: never while the session is locked.
#[derive(Debug)]
pub(super) struct Permit(Arc<Permits>);

impl Permits {
    pub(super) fn new(count: usize) -> Arc<Self> {
        // More than that are as good as no limit.
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Arc::new(Self {
            count,
            free: Semaphore::new(count as usize),
            phase: watch::Sender::new(Phase::Idle),
            session: Mutex::default(),
        })
    }

    /// From now on, somebody waits for requests.
    pub(super) fn listen(&self) {
        if *self.phase.borrow() == Phase::Idle {
            self.phase.send_replace(Phase::Listening);
            self.tell();
        }
    }

    /// From now on, no more are given.
    pub(super) fn close(&self) {
        self.phase.send_replace(Phase::Closed);
    }

    /// The same, and nobody sees to what is under way.
    pub(super) fn go(&self) {
        self.phase.send_replace(Phase::Gone);
    }

    /// Waits until nobody sees to what is under way.
    pub(super) async fn gone(&self) {
        let mut phase = self.phase.subscribe();
        // Here is a sender.
        let _ = phase.wait_for(|phase| *phase == Phase::Gone).await;
    }

    /// Waits until none is in use. Meanwhile, none can be had.
    pub(super) async fn all_back(&self) {
        // The semaphore is never closed.
        let _ = self.free.acquire_many(self.count).await;
    }

    /// From now on, it is this session that is told of permits.
    pub(super) fn serve(&self, session: &Arc<Session>) {
        *self.session() = Arc::downgrade(session);
    }

    pub(super) fn try_take(self: &Arc<Self>) -> Option<Permit> {
        if *self.phase.borrow() != Phase::Listening {
            return None;
        }
        self.free.try_acquire().ok()?.forget();
        Some(Permit(self.clone()))
    }

    fn tell(&self) {
        let session = self.session().upgrade();
        if let Some(session) = session {
            session.take();
        }
    }

    fn session(&self) -> MutexGuard<'_, Weak<Session>> {
        lock(&self.session)
    }
}

impl Permit {
    /// See [`Permits::gone`].
    pub(super) async fn gone(&self) {
        self.0.gone().await;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.free.add_permits(1);
        self.0.tell();
    }
}
