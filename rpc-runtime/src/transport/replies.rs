//! The reply table: which calls wait, and the way from a reply to its call.
//!
//! It outlives connections, as the reply queue does. An entry is made before its request is sent, and
//! goes when its registration is dropped: by a reply, a timeout, or a caller who has lost interest. The
//! reader of replies never waits for a caller.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::CallTerms;
use crate::error::Stage;
use crate::wire::{MessageId, Reply};
use crate::{Error, Result, Target};

/// The calls of one process that wait for their replies.
#[derive(Debug, Clone, Default)]
pub struct ReplyTable {
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    calls: HashMap<MessageId, Entry>,
    closed: bool,
}

#[derive(Debug)]
struct Entry {
    answer: oneshot::Sender<Result<Reply>>,
    /// When the server last said that the method still runs.
    sign_of_life: Option<Instant>,
}

impl ReplyTable {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters a call, to be done before its request is sent.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] when the table was closed.
    pub fn register(&self) -> Result<Registration> {
        let id = MessageId::unique();
        let (answer, answered) = oneshot::channel();
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(Error::Closed);
        }
        waiting.calls.insert(
            id,
            Entry {
                answer,
                sign_of_life: None,
            },
        );
        drop(waiting);
        Ok(Registration {
            table: self.clone(),
            id,
            answered,
        })
    }

    /// Brings a reply to its call. A reply that nobody waits for comes after a timeout, or a second
    /// time: it is dropped.
    pub fn complete(&self, reply: Reply) {
        let id = reply.message_id();
        let mut waiting = self.lock();
        if reply.is_ending() {
            match waiting.calls.remove(&id) {
                // The caller may have gone in this instant.
                Some(entry) => drop(entry.answer.send(Ok(reply))),
                None => tracing::debug!(message_id = %id, "a reply that no call waits for"),
            }
        } else if let Some(entry) = waiting.calls.get_mut(&id) {
            entry.sign_of_life = Some(Instant::now());
        }
    }

    /// Ends one call with an error.
    pub fn fail(&self, id: MessageId, error: Error) {
        if let Some(entry) = self.lock().calls.remove(&id) {
            drop(entry.answer.send(Err(error)));
        }
    }

    /// Ends all calls with [`Error::Closed`], and refuses new ones.
    pub fn close(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        for (_, entry) in waiting.calls.drain() {
            drop(entry.answer.send(Err(Error::Closed)));
        }
    }

    /// How many calls wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().calls.len()
    }

    /// Whether no call waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // No section leaves the table half-changed, so a poisoned lock is as good as another.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call's place in the table; dropping it gives the place up.
#[derive(Debug)]
#[must_use = "dropping a registration gives the call up"]
pub struct Registration {
    table: ReplyTable,
    id: MessageId,
    answered: oneshot::Receiver<Result<Reply>>,
}

impl Registration {
    /// The identity to send with the request.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// Waits for the last reply; with a monitor, no longer than its time after the last sign of life.
    /// The deadline of the whole call is the caller's to watch.
    ///
    /// # Errors
    ///
    /// A timeout when the monitor's time is over, and whatever the call was failed with.
    pub async fn reply(&mut self, target: &Target, terms: &CallTerms) -> Result<Reply> {
        match terms.monitor {
            None => answer((&mut self.answered).await),
            // Few calls have one: the others have no room for its timer.
            Some(monitor) => Box::pin(self.monitored(target, monitor)).await,
        }
    }

    async fn monitored(&mut self, target: &Target, monitor: Duration) -> Result<Reply> {
        // The request may have waited for its turn: the first silence begins now.
        let mut last = Instant::now();
        loop {
            let Some(limit) = last.checked_add(monitor) else {
                return answer((&mut self.answered).await);
            };
            if let Ok(answered) = timeout_at(limit, &mut self.answered).await {
                return answer(answered);
            }
            match self.sign_of_life() {
                Some(alive) if alive > last => last = alive,
                Some(_) | None => return Err(Error::timeout(target, monitor, Stage::Heartbeat)),
            }
        }
    }

    fn sign_of_life(&self) -> Option<Instant> {
        self.table.lock().calls.get(&self.id)?.sign_of_life
    }
}

fn answer(answered: Result<Result<Reply>, oneshot::error::RecvError>) -> Result<Reply> {
    // The table drops an entry without an answer only when it is itself dropped.
    answered.unwrap_or(Err(Error::Closed))
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.table.lock().calls.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;
    use crate::Retry;
    use crate::transport::SendTerms;
    use crate::wire::{self, ReplyTo};

    const SECOND: Duration = Duration::from_secs(1);

    fn terms(monitor: Option<Duration>) -> CallTerms {
        CallTerms::new(SendTerms::new(Retry::Forever, true), SECOND * 60, monitor)
    }

    fn reply(id: MessageId, result: u8) -> Reply {
        let to = ReplyTo::new("replies", id.to_string());
        Reply::decode(&wire::success(&to, &result).unwrap()).unwrap()
    }

    fn heartbeat(id: MessageId) -> Reply {
        let to = ReplyTo::new("replies", id.to_string());
        Reply::decode(&wire::heartbeat(&to)).unwrap()
    }

    #[tokio::test]
    async fn a_reply_finds_its_call() {
        let table = ReplyTable::new();
        let mut first = table.register().unwrap();
        let mut second = table.register().unwrap();
        table.complete(reply(second.id(), 2));
        table.complete(reply(first.id(), 1));
        table.complete(reply(first.id(), 9));
        assert!(table.is_empty());
        let (target, terms) = (Target::new("t"), terms(None));
        let got = second.reply(&target, &terms).await.unwrap();
        assert_eq!(got.into_result::<u8>().unwrap(), 2);
        let got = first.reply(&target, &terms).await.unwrap();
        assert_eq!(got.into_result::<u8>().unwrap(), 1);
    }

    #[tokio::test]
    async fn a_dropped_registration_leaves_nothing_behind() {
        let table = ReplyTable::new();
        let registration = table.register().unwrap();
        let id = registration.id();
        assert_eq!(table.len(), 1);
        drop(registration);
        assert!(table.is_empty());
        table.complete(reply(id, 1));
        table.complete(heartbeat(id));
    }

    #[tokio::test(start_paused = true)]
    async fn each_heartbeat_renews_the_monitor() {
        let table = ReplyTable::new();
        let mut call = table.register().unwrap();
        let id = call.id();
        let (target, terms) = (Target::new("t"), terms(Some(SECOND * 2)));
        let began = Instant::now();
        let mut waiting = pin!(call.reply(&target, &terms));
        for _ in 0..3 {
            tokio::select! {
                biased;
                early = &mut waiting => panic!("{early:?}"),
                () = tokio::time::sleep(SECOND) => table.complete(heartbeat(id)),
            }
        }
        let error = waiting.await.unwrap_err();
        assert!(matches!(
            error,
            Error::Timeout {
                waiting_for: Stage::Heartbeat,
                ..
            }
        ));
        assert_eq!(
            began.elapsed(),
            SECOND * 5,
            "the last came after three seconds"
        );
    }

    #[tokio::test]
    async fn closing_ends_what_waits_and_what_would() {
        let table = ReplyTable::new();
        let mut call = table.register().unwrap();
        table.close();
        let (target, terms) = (Target::new("t"), terms(None));
        let mut waiting = pin!(call.reply(&target, &terms));
        let ended = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context))).await;
        assert!(matches!(ended, Poll::Ready(Err(Error::Closed))));
        assert!(matches!(table.register(), Err(Error::Closed)));
    }
}
