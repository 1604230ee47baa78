//! How many requests of one listener may be under way at once, over all its sessions.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Semaphore;

use super::session::Session;

/// The permits of a listener.
#[derive(Debug)]
pub(super) struct Permits {
    count: u32,
    free: Semaphore,
    /// Who takes requests now, and is told when there is a permit again.
    session: Mutex<Weak<Session>>,
}

/// The right to run one request, given back when dropped: never while the session is locked.
#[derive(Debug)]
pub(super) struct Permit(Arc<Permits>);

impl Permits {
    pub(super) fn new(count: usize) -> Self {
        // More than that are as good as no limit.
        let count = count.min(Semaphore::MAX_PERMITS);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            count,
            free: Semaphore::new(count as usize),
            session: Mutex::default(),
        }
    }

    /// From now on it is this session that takes requests.
    pub(super) fn attend(&self, session: &Arc<Session>) {
        *self.session() = Arc::downgrade(session);
    }

    pub(super) fn try_take(self: &Arc<Self>) -> Option<Permit> {
        self.free.try_acquire().ok()?.forget();
        Some(Permit(self.clone()))
    }

    /// Waits until none is in use.
    pub(super) async fn all_back(&self) {
        let _ = self.free.acquire_many(self.count).await;
    }

    fn session(&self) -> MutexGuard<'_, Weak<Session>> {
        // No section can stop half-way.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.free.add_permits(1);
        let session = self.0.session().upgrade();
        if let Some(session) = session {
            session.take();
        }
    }
}
