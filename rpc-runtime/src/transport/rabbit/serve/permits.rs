//! The permits of one listener: they limit the requests in flight over all its sessions. The phase says whether the
//! server still runs requests.
//!
//! A reply that waits for its confirm holds a permit of its own, if one is left. So its request's permit is free for
//! the next request without a round trip to the broker. There are as many permits for replies as for requests, which
//! bounds what a server holds. Permits must never be dropped under a session's lock.

use std::fmt;
use std::sync::{Arc, Weak};

use tokio::sync::{Semaphore, watch};

use crate::sync::Mutex;

/// A session that takes requests when permits are free.
pub(super) trait TakeRequests: Send + Sync {
    /// Takes requests, if permits are free.
    fn take(&self);
}

/// The permits of a listener.
pub(super) struct Permits {
    count: u32,
    free: Semaphore,
    /// The permits for replies that wait for their confirms.
    free_for_replies: Semaphore,
    phase: watch::Sender<Phase>,
    /// The current session. It is called when a permit becomes free.
    taker: Mutex<Option<Weak<dyn TakeRequests>>>,
}

impl fmt::Debug for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permits")
            .field("count", &self.count)
            .field("free", &self.free.available_permits())
            .field("phase", &*self.phase.borrow())
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The server has not waited for a request yet.
    Idle,
    Listening,
    /// No more requests are taken. Requests in flight run to their end.
    Closed,
    /// The listener was dropped. No more requests are taken, and replies in flight are given up.
    Gone,
}

/// The right to run one request. Dropping it calls the session, so dropping it under the session's lock deadlocks.
#[derive(Debug)]
pub(super) struct Permit(Arc<Permits>);

impl Permits {
    pub(super) fn new(count: usize) -> Arc<Self> {
        // `acquire_many` takes a `u32`; a higher limit would make no difference.
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Arc::new(Self {
            count,
            free: Semaphore::new(count as usize),
            free_for_replies: Semaphore::new(count as usize),
            phase: watch::Sender::new(Phase::Idle),
            taker: Mutex::default(),
        })
    }

    /// Starts to give out permits: the server now waits for requests. Only the first call has an effect.
    pub(super) fn listen(&self) {
        if *self.phase.borrow() == Phase::Idle {
            self.phase.send_replace(Phase::Listening);
            self.notify_session();
        }
    }

    /// Stops giving out permits.
    pub(super) fn close(&self) {
        self.phase.send_replace(Phase::Closed);
    }

    /// Stops giving out permits, and gives up the requests and replies in flight.
    pub(super) fn give_up(&self) {
        self.phase.send_replace(Phase::Gone);
    }

    /// Waits until [`give_up`](Self::give_up) is called.
    pub(super) async fn gone(&self) {
        let mut phase = self.phase.subscribe();
        // Cannot fail: `self` owns the sender.
        let _ = phase.wait_for(|phase| *phase == Phase::Gone).await;
    }

    /// Waits until no permit is in use. Call it after [`close`](Self::close).
    pub(super) async fn all_released(&self) {
        // Neither fails, because the semaphores are never closed. The order matters: a reply takes its permit before
        // its request's permit is dropped.
        let _ = self.free.acquire_many(self.count).await;
        let _ = self.free_for_replies.acquire_many(self.count).await;
    }

    /// Sets the session to call when a permit becomes free.
    pub(super) fn serve(&self, taker: Weak<dyn TakeRequests>) {
        *self.taker.lock() = Some(taker);
    }

    pub(super) fn try_take(self: &Arc<Self>) -> Option<Permit> {
        if *self.phase.borrow() != Phase::Listening {
            return None;
        }
        self.free.try_acquire().ok()?.forget();
        Some(Permit(self.clone()))
    }

    /// How many permits are free. 0 once no more are given out.
    pub(super) fn free(&self) -> usize {
        match *self.phase.borrow() {
            Phase::Idle | Phase::Listening => self.free.available_permits(),
            Phase::Closed | Phase::Gone => 0,
        }
    }

    /// Lets the current session take requests.
    fn notify_session(&self) {
        let taker = self.taker.lock().as_ref().and_then(Weak::upgrade);
        if let Some(taker) = taker {
            taker.take();
        }
    }
}

/// The permit that a reply holds until it is confirmed.
#[derive(Debug)]
pub(super) enum ReplyPermit {
    Own(OwnReplyPermit),
    /// The permit of the reply's request, so no other request can use it meanwhile.
    OfRequest(Arc<Permit>),
}

/// One of the permits for replies.
#[derive(Debug)]
pub(super) struct OwnReplyPermit(Arc<Permits>);

impl Permit {
    /// The permit for a reply to this request.
    pub(super) fn for_reply(self: &Arc<Self>) -> ReplyPermit {
        match self.0.free_for_replies.try_acquire() {
            Ok(permit) => {
                permit.forget();
                ReplyPermit::Own(OwnReplyPermit(self.0.clone()))
            }
            Err(_) => ReplyPermit::OfRequest(self.clone()),
        }
    }
}

impl ReplyPermit {
    /// See [`Permits::gone`].
    pub(super) async fn gone(&self) {
        match self {
            Self::Own(OwnReplyPermit(permits)) => permits.gone().await,
            Self::OfRequest(permit) => permit.0.gone().await,
        }
    }
}

impl Drop for OwnReplyPermit {
    fn drop(&mut self) {
        self.0.free_for_replies.add_permits(1);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.free.add_permits(1);
        self.0.notify_session();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn a_reply_keeps_its_requests_permit_only_if_no_reply_permit_is_free() {
        let permits = Permits::new(1);
        permits.listen();
        let take = || permits.try_take().map(Arc::new);
        let first = take().unwrap();
        let replies = [first.for_reply(), first.for_reply()];
        drop(first);
        assert!(
            take().is_none(),
            "the second reply holds its request's permit"
        );
        let [first, second] = replies;
        drop(second);
        assert!(take().is_some());
        permits.close();
        let mut back = pin!(permits.all_released());
        let early = poll_fn(|context| Poll::Ready(back.as_mut().poll(context))).await;
        assert!(early.is_pending(), "a reply is in flight");
        drop(first);
        back.await;
    }
}
