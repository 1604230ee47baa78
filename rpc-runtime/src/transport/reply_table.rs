//! The reply table: matches replies to the calls that wait for them.
//!
//! The table outlives connections, as the reply queue does. A caller registers before it sends its request. The entry
//! is removed by the final reply, by [`ReplyTable::fail`] or [`ReplyTable::close`], or when the [`Registration`] is
//! dropped, as after a timeout. The task that reads replies must never wait for a caller: it stores the result in the
//! table and wakes the caller.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::CallTerms;
use super::sequential_ids::SequentialIdMap;
use crate::error::Stage;
use crate::metrics::{self, Lost};
use crate::sync::Mutex;
use crate::wire::{MessageId, Reply};
use crate::{Error, Result, Target};

/// The calls of one process that wait for their replies.
#[derive(Clone, Default)]
pub struct ReplyTable {
    waiting: Arc<Mutex<Waiting>>,
}

/// Shows counts only, no contents of replies.
impl fmt::Debug for ReplyTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.waiting.lock();
        f.debug_struct("ReplyTable")
            .field("calls", &waiting.calls.len())
            .field("results", &waiting.results.len())
            .finish()
    }
}

#[derive(Default)]
struct Waiting {
    calls: SequentialIdMap<MessageId, Entry>,
    /// The results of calls that have not been polled since the result came.
    results: SequentialIdMap<MessageId, Result<Reply>>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Entry {
    caller: Option<Waker>,
    /// When the last heartbeat came: the server's message that the method still runs.
    last_heartbeat: Option<Instant>,
}

impl Waiting {
    /// Stores the result of a call. Wake the returned entry once the table is unlocked.
    fn finish(&mut self, id: MessageId, result: Result<Reply>) -> Option<Entry> {
        let entry = self.calls.remove(&id)?;
        self.results.insert(id, result);
        Some(entry)
    }
}

impl Entry {
    fn wake(self) {
        if let Some(caller) = self.caller {
            caller.wake();
        }
    }
}

impl ReplyTable {
    /// Makes an empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a call under a new message id. Register before the request is sent: the reply may come at once.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] once the table is closed.
    pub fn register(&self) -> Result<Registration> {
        let id = MessageId::unique();
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return Err(Error::new_closed());
        }
        waiting.calls.insert(id, Entry::default());
        drop(waiting);
        Ok(Registration {
            table: self.clone(),
            id,
        })
    }

    /// Passes a reply to its call. A reply without a waiting call is dropped: the call has timed out, or the reply has
    /// come twice.
    pub fn complete(&self, reply: Reply) {
        let id = reply.message_id();
        let mut waiting = self.waiting.lock();
        if !reply.is_ending() {
            if let Some(entry) = waiting.calls.get_mut(&id) {
                entry.last_heartbeat = Some(Instant::now());
            }
            return;
        }
        let finished = waiting.finish(id, Ok(reply));
        drop(waiting);
        match finished {
            Some(entry) => entry.wake(),
            None => {
                metrics::replies_dropped(1, Lost::Late);
                tracing::debug!(message_id = %id, "dropped a reply that no call waits for");
            }
        }
    }

    /// Fails one call with `error`. Does nothing if the call no longer waits.
    pub fn fail(&self, id: MessageId, error: Error) {
        let finished = self.waiting.lock().finish(id, Err(error));
        if let Some(entry) = finished {
            entry.wake();
        }
    }

    /// Fails all waiting calls with [`Error::Closed`], and refuses new ones.
    pub fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.closed = true;
        let ended: Vec<_> = waiting.calls.drain().collect();
        let results = ended.iter().map(|(id, _)| (*id, Err(Error::new_closed())));
        waiting.results.extend(results);
        drop(waiting);
        for (_, entry) in ended {
            entry.wake();
        }
    }

    /// How many calls wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.lock().calls.len()
    }

    /// Whether no call waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One call in a [`ReplyTable`]. Dropping it removes the call; a later reply is then dropped.
#[derive(Debug)]
#[must_use = "dropping a registration removes its call from the table"]
pub struct Registration {
    table: ReplyTable,
    id: MessageId,
}

impl Registration {
    /// The message id to send with the request.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// Waits for the final reply. With `terms.monitor`, it fails if no heartbeat comes for that long. It does not check
    /// `terms.deadline`; the caller must.
    ///
    /// Cancel safe: a dropped future loses no reply. Once it has returned a reply, each later call returns
    /// [`Error::Closed`].
    ///
    /// # Errors
    ///
    /// A timeout if no heartbeat came in time, the error that was passed to [`ReplyTable::fail`], or [`Error::Closed`]
    /// if the table was closed.
    pub async fn reply(&mut self, target: &Target, terms: &CallTerms) -> Result<Reply> {
        match terms.monitor {
            None => self.result().await,
            // Boxed, since few calls have a monitor: the other calls' futures need no room for its timer.
            Some(monitor) => Box::pin(self.monitored(target, monitor)).await,
        }
    }

    async fn monitored(&self, target: &Target, monitor: Duration) -> Result<Reply> {
        // The first interval starts now and not at the call's start, because the request may have waited to be sent.
        let mut last = Instant::now();
        loop {
            let Some(limit) = last.checked_add(monitor) else {
                return self.result().await;
            };
            if let Ok(result) = timeout_at(limit, self.result()).await {
                return result;
            }
            match self.last_heartbeat() {
                Some(heartbeat) if heartbeat > last => last = heartbeat,
                Some(_) | None => {
                    return Err(Error::new_timeout(target, monitor, Stage::Heartbeat));
                }
            }
        }
    }

    fn result(&self) -> impl Future<Output = Result<Reply>> {
        poll_fn(|cx| self.poll_result(cx))
    }

    fn poll_result(&self, cx: &mut Context<'_>) -> Poll<Result<Reply>> {
        let mut waiting = self.table.waiting.lock();
        let Some(entry) = waiting.calls.get_mut(&self.id) else {
            // A result is returned once. A poll after that finds neither the call nor a result.
            let result = waiting.results.remove(&self.id);
            return Poll::Ready(result.unwrap_or(Err(Error::new_closed())));
        };
        let known = entry.caller.as_ref();
        if !known.is_some_and(|caller| caller.will_wake(cx.waker())) {
            let former = entry.caller.replace(cx.waker().clone());
            drop(waiting);
            drop(former);
        }
        Poll::Pending
    }

    fn last_heartbeat(&self) -> Option<Instant> {
        self.table
            .waiting
            .lock()
            .calls
            .get(&self.id)?
            .last_heartbeat
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut waiting = self.table.waiting.lock();
        let entry = waiting.calls.remove(&self.id);
        let result = waiting.results.remove(&self.id);
        // Dropping a waker may run code of another crate, so it must not happen under the lock.
        drop(waiting);
        drop((entry, result));
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
            "the last heartbeat came after three seconds, and the monitor is two seconds"
        );
    }

    #[tokio::test]
    async fn close_fails_waiting_calls_and_refuses_new_ones() {
        let table = ReplyTable::new();
        let mut call = table.register().unwrap();
        table.close();
        let (target, terms) = (Target::new("t"), terms(None));
        let mut waiting = pin!(call.reply(&target, &terms));
        let ended = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context))).await;
        assert!(matches!(ended, Poll::Ready(Err(Error::Closed { .. }))));
        assert!(matches!(table.register(), Err(Error::Closed { .. })));
    }
}
