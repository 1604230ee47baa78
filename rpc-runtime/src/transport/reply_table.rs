//! The reply table: which calls wait, and the way from a reply to its call.
//!
//! It outlives connections, as the reply queue does. An entry is made before its request is sent, and
//! goes when its registration is dropped: by a reply, a timeout, or a caller who has lost interest. The
//! reader of replies never waits for a caller: it leaves the answer in the table, and wakes who asks for it.

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

/// How many wait, and not what they were answered.
impl fmt::Debug for ReplyTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.waiting.lock();
        f.debug_struct("ReplyTable")
            .field("calls", &waiting.calls.len())
            .field("answers", &waiting.answers.len())
            .finish()
    }
}

#[derive(Default)]
struct Waiting {
    calls: SequentialIdMap<MessageId, Entry>,
    /// What came for calls that have not been polled since.
    answers: SequentialIdMap<MessageId, Result<Reply>>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Entry {
    caller: Option<Waker>,
    /// When the server last said that the method still runs.
    sign_of_life: Option<Instant>,
}

impl Waiting {
    /// Leaves an answer for its call, which is to be woken when the table is free again.
    fn answer(&mut self, id: MessageId, answer: Result<Reply>) -> Option<Entry> {
        let entry = self.calls.remove(&id)?;
        self.answers.insert(id, answer);
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
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return Err(Error::closed());
        }
        waiting.calls.insert(id, Entry::default());
        drop(waiting);
        Ok(Registration {
            table: self.clone(),
            id,
        })
    }

    /// Brings a reply to its call. A reply that nobody waits for comes after a timeout, or a second
    /// time: it is dropped.
    pub fn complete(&self, reply: Reply) {
        let id = reply.message_id();
        let mut waiting = self.waiting.lock();
        if !reply.is_ending() {
            if let Some(entry) = waiting.calls.get_mut(&id) {
                entry.sign_of_life = Some(Instant::now());
            }
            return;
        }
        let answered = waiting.answer(id, Ok(reply));
        drop(waiting);
        match answered {
            Some(entry) => entry.wake(),
            None => {
                metrics::replies_dropped(1, Lost::Late);
                tracing::debug!(message_id = %id, "a reply that no call waits for");
            }
        }
    }

    /// Ends one call with an error.
    pub fn fail(&self, id: MessageId, error: Error) {
        let answered = self.waiting.lock().answer(id, Err(error));
        if let Some(entry) = answered {
            entry.wake();
        }
    }

    /// Ends all calls with [`Error::Closed`], and refuses new ones.
    pub fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.closed = true;
        let ended: Vec<_> = waiting.calls.drain().collect();
        let answers = ended.iter().map(|(id, _)| (*id, Err(Error::closed())));
        waiting.answers.extend(answers);
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

/// One call's place in the table; dropping it gives the place up.
#[derive(Debug)]
#[must_use = "dropping a registration gives the call up"]
pub struct Registration {
    table: ReplyTable,
    id: MessageId,
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
            None => self.answer().await,
            // Few calls have one: the others have no room for its timer.
            Some(monitor) => Box::pin(self.monitored(target, monitor)).await,
        }
    }

    async fn monitored(&self, target: &Target, monitor: Duration) -> Result<Reply> {
        // The request may have waited for its turn: the first silence begins now.
        let mut last = Instant::now();
        loop {
            let Some(limit) = last.checked_add(monitor) else {
                return self.answer().await;
            };
            if let Ok(answered) = timeout_at(limit, self.answer()).await {
                return answered;
            }
            match self.sign_of_life() {
                Some(alive) if alive > last => last = alive,
                Some(_) | None => return Err(Error::timeout(target, monitor, Stage::Heartbeat)),
            }
        }
    }

    fn answer(&self) -> impl Future<Output = Result<Reply>> {
        poll_fn(|cx| self.poll_answer(cx))
    }

    fn poll_answer(&self, cx: &mut Context<'_>) -> Poll<Result<Reply>> {
        let mut waiting = self.table.waiting.lock();
        let Some(entry) = waiting.calls.get_mut(&self.id) else {
            // An answer is given once: who asks again has lost the call.
            let answer = waiting.answers.remove(&self.id);
            return Poll::Ready(answer.unwrap_or(Err(Error::closed())));
        };
        let known = entry.caller.as_ref();
        if !known.is_some_and(|caller| caller.will_wake(cx.waker())) {
            let former = entry.caller.replace(cx.waker().clone());
            drop(waiting);
            drop(former);
        }
        Poll::Pending
    }

    fn sign_of_life(&self) -> Option<Instant> {
        self.table.waiting.lock().calls.get(&self.id)?.sign_of_life
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut waiting = self.table.waiting.lock();
        let given_up = waiting.calls.remove(&self.id);
        let answer = waiting.answers.remove(&self.id);
        drop(waiting);
        drop((given_up, answer));
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
        assert!(matches!(ended, Poll::Ready(Err(Error::Closed { .. }))));
        assert!(matches!(table.register(), Err(Error::Closed { .. })));
    }
}
