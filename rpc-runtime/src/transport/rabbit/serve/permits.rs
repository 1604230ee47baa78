//! The permits of one listener: how many requests may be in flight at once, over all its sessions, and whether
//! anybody runs them.
//!
//! A reply that waits for its confirm has a permit of its own, if one is left, so that the next request need not wait
//! for a round trip to the broker. There are as many as for requests: what a server holds stays bounded.

use std::fmt;
use std::sync::{Arc, Weak};

use tokio::sync::{Semaphore, watch};

use crate::sync::Mutex;

/// Takes requests when there are permits for them.
pub(super) trait TakeRequests: Send + Sync {
    /// A permit may be free.
    fn take(&self);
}

/// The permits of a listener.
pub(super) struct Permits {
    count: u32,
    free: Semaphore,
    /// For replies that wait for their confirms.
    free_for_replies: Semaphore,
    phase: watch::Sender<Phase>,
    /// The session that takes requests now. It is called when a permit is free again.
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
    /// Nobody has asked for a request so far.
    Idle,
    Listening,
    /// What was taken is finished, and no more is.
    Closed,
    /// Nobody would run a request, nor see to its reply.
    Gone,
}

/// The right to run one request. Dropping it calls the session: dropped under the session's lock, it deadlocks.
#[derive(Debug)]
pub(super) struct Permit(Arc<Permits>);

impl Permits {
    pub(super) fn new(count: usize) -> Arc<Self> {
        // More than that are as good as no limit.
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Arc::new(Self {
            count,
            free: Semaphore::new(count as usize),
            free_for_replies: Semaphore::new(count as usize),
            phase: watch::Sender::new(Phase::Idle),
            taker: Mutex::default(),
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
        // The semaphores are never closed. Requests come first: a reply takes its permit before its request ends.
        let _ = self.free.acquire_many(self.count).await;
        let _ = self.free_for_replies.acquire_many(self.count).await;
    }

    /// From now on, `taker` is called when a permit is free.
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

    /// How many are free, if any will be given.
    pub(super) fn free(&self) -> usize {
        match *self.phase.borrow() {
            Phase::Idle | Phase::Listening => self.free.available_permits(),
            Phase::Closed | Phase::Gone => 0,
        }
    }

    fn tell(&self) {
        let taker = self.taker.lock().as_ref().and_then(Weak::upgrade);
        if let Some(taker) = taker {
            taker.take();
        }
    }
}

/// What a reply holds until it is confirmed.
#[derive(Debug)]
pub(super) enum ReplyPermit {
    Own(OwnReplyPermit),
    /// Its request's: the server takes no other request meanwhile.
    OfRequest(Arc<Permit>),
}

/// A permit for one reply.
#[derive(Debug)]
pub(super) struct OwnReplyPermit(Arc<Permits>);

impl Permit {
    /// What a reply to this request is to hold.
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
        self.0.tell();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn a_reply_keeps_a_request_out_only_when_replies_pile_up() {
        let permits = Permits::new(1);
        permits.listen();
        let take = || permits.try_take().map(Arc::new);
        let first = take().unwrap();
        let replies = [first.for_reply(), first.for_reply()];
        drop(first);
        assert!(take().is_none(), "the second has its request's");
        let [first, second] = replies;
        drop(second);
        assert!(take().is_some());
        permits.close();
        let mut back = pin!(permits.all_back());
        let early = poll_fn(|context| Poll::Ready(back.as_mut().poll(context))).await;
        assert!(early.is_pending(), "a reply is in flight");
        drop(first);
        back.await;
    }
}
