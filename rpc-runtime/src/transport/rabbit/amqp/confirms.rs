//! The messages of a publishing channel that wait for their confirms.
//!
//! The broker counts the messages of a channel, and confirms by number, one or many at once. It returns a message
//! before it confirms it.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::fault::Fault;
use crate::mutex::lock;

/// For how many messages the table keeps its capacity while none waits.
const KEPT_CAPACITY: usize = 1024;

/// How one publish failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The broker certainly has not taken it.
    Unsent(Fault),
    /// The broker has not looked at it: its channel was closed before, over another message.
    NotReached(Fault),
    /// It was written, and the broker has not said that it took it.
    Unanswered(Fault),
}

/// What the broker did with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confirmed {
    /// It is in a queue; if it was not mandatory, perhaps in none.
    Taken,
    /// There is no queue for it.
    Returned,
    /// A queue cannot take it (a nack).
    Rejected,
}

/// How a publishing channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Nothing can be published any more.
    Closed,
    /// For so long no message was confirmed, while some wait.
    Silent(Duration),
}

pub(crate) type Answer = Result<Confirmed, Failure>;

/// The confirms of one channel.
#[derive(Debug, Default)]
pub(super) struct Confirms(Mutex<Unconfirmed>);

#[derive(Debug, Default)]
struct Unconfirmed {
    /// How many messages came before the first of these.
    before: u64,
    messages: VecDeque<Message>,
    /// Since when nothing was confirmed, while messages wait.
    silent: Option<Instant>,
    /// In ticks.
    now: u32,
    closed: Option<Arc<str>>,
}

#[derive(Debug)]
struct Message {
    /// Until it is settled.
    told: Option<Told>,
    returned: bool,
    /// Of its body, in bytes.
    size: u32,
    since: u32,
}

/// Who is told what became of a message.
enum Told {
    Awaited(Arc<ConfirmSlot>),
    Unawaited(Then),
}

/// Called with the answer when no task awaits it, by the I/O task on the thread that reads the socket, or by the
/// publisher where nothing could be sent. It must not block.
pub(crate) type Then = Box<dyn FnOnce(Answer) + Send>;

impl Told {
    /// Never to be called under a lock.
    fn answer(self, answer: Answer) {
        match self {
            Self::Awaited(slot) => slot.answer(answer),
            Self::Unawaited(then) => then(answer),
        }
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Awaited(slot) => f.debug_tuple("Awaited").field(slot).finish(),
            Self::Unawaited(_) => f.write_str("Unawaited"),
        }
    }
}

/// The place of one answer.
#[derive(Debug)]
struct ConfirmSlot {
    /// A call also waits for its reply, so a positive confirm does not wake it.
    quiet: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    answer: Option<Answer>,
    waiting: Option<Waker>,
    /// The message's body, for as long as it may have to be sent again.
    kept: Bytes,
}

impl ConfirmSlot {
    fn answer(&self, answer: Answer) {
        let is_taken = matches!(answer, Ok(Confirmed::Taken));
        let wake = !(self.quiet && is_taken);
        let waiting = {
            let mut state = lock(&self.state);
            state.answer = Some(answer);
            if is_taken {
                state.kept = Bytes::new();
            }
            state.waiting.take().filter(|_| wake)
        };
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }
}

impl Confirms {
    /// Counts a message with a body of `size` bytes, which `send` sends under its number: messages are sent in the
    /// order of their numbers. If `send` fails, the message does not count. `send` is told whether no other message
    /// waits for its confirm.
    ///
    /// With `quiet`, a positive confirm does not wake the task that polls the [`Confirm`]; the next poll finds it.
    pub(super) fn publish(
        &self,
        quiet: bool,
        size: usize,
        send: impl FnOnce(u64, bool) -> Result<(), Fault>,
    ) -> Confirm {
        let slot = Arc::new(ConfirmSlot {
            quiet,
            state: Mutex::default(),
        });
        self.send(Told::Awaited(slot.clone()), size, send);
        Confirm(slot)
    }

    /// As [`publish`](Self::publish), but nobody waits: `then` is called with the answer.
    pub(super) fn publish_then(
        &self,
        then: Then,
        size: usize,
        send: impl FnOnce(u64, bool) -> Result<(), Fault>,
    ) {
        self.send(Told::Unawaited(then), size, send);
    }

    fn send(&self, told: Told, size: usize, send: impl FnOnce(u64, bool) -> Result<(), Fault>) {
        if let Err((fault, told)) = self.count(told, size, send) {
            told.answer(Err(Failure::NotReached(fault)));
        }
    }

    fn count(
        &self,
        told: Told,
        size: usize,
        send: impl FnOnce(u64, bool) -> Result<(), Fault>,
    ) -> Result<(), (Fault, Told)> {
        let mut waiting = self.lock();
        if let Some(why) = &waiting.closed {
            return Err((Fault::lost(why.clone()), told));
        }
        let number = waiting.before + waiting.messages.len() as u64 + 1;
        if let Err(fault) = send(number, waiting.messages.is_empty()) {
            return Err((fault, told));
        }
        let since = waiting.now;
        waiting.silent.get_or_insert_with(Instant::now);
        waiting.messages.push_back(Message {
            told: Some(told),
            returned: false,
            size: u32::try_from(size).unwrap_or(u32::MAX),
            since,
        });
        Ok(())
    }

    /// The broker has taken a message, or rejects it; with `multiple`, also all before it.
    pub(super) fn settle(&self, number: u64, multiple: bool, taken: bool) {
        let settled = self.lock().settle(number, multiple);
        for (told, returned) in settled {
            told.answer(match (taken, returned) {
                (true, true) => Ok(Confirmed::Returned),
                (true, false) => Ok(Confirmed::Taken),
                (false, _) => Ok(Confirmed::Rejected),
            });
        }
    }

    /// A message came back: its confirm follows.
    pub(super) fn returned(&self, number: u64) {
        let mut waiting = self.lock();
        if let Some(message) = waiting
            .index(number)
            .map(|index| &mut waiting.messages[index])
        {
            message.returned = true;
        }
    }

    /// The broker has closed the channel over one of the messages.
    ///
    /// The broker processes messages in order, and none after the one that it refuses. If it is known which one that
    /// is, those before it are in doubt, and those behind it were not reached. Otherwise all are in doubt.
    pub(super) fn refused(&self, fault: &Fault) {
        let failed = self.close(fault.why());
        let offender = match fault.size_limit() {
            _ if failed.len() == 1 => Some(0),
            Some(refused) => failed
                .iter()
                .position(|(_, size)| usize::try_from(*size) == Ok(refused.size)),
            None => None,
        };
        let doubt = || Failure::Unanswered(Fault::lost(fault.why().clone()));
        for (index, (told, _)) in failed.into_iter().enumerate() {
            told.answer(Err(match offender.map(|offender| index.cmp(&offender)) {
                None | Some(Ordering::Less) => doubt(),
                Some(Ordering::Equal) => match fault {
                    Fault::Missing(_) | Fault::Refused(_) => Failure::Unsent(fault.clone()),
                    Fault::Lost(_) => doubt(),
                },
                Some(Ordering::Greater) => Failure::NotReached(Fault::lost(fault.why().clone())),
            }));
        }
    }

    /// The channel has ended without a word on the messages.
    pub(super) fn lost(&self, why: &Arc<str>) {
        for (told, _) in self.close(why) {
            told.answer(Err(Failure::Unanswered(Fault::lost(why.clone()))));
        }
    }

    /// Whether messages can be published, and for how long none was confirmed while some wait.
    pub(super) fn health(&self) -> Health {
        let waiting = self.lock();
        match (&waiting.closed, waiting.silent) {
            (Some(_), _) => Health::Closed,
            (None, None) => Health::Silent(Duration::ZERO),
            (None, Some(since)) => Health::Silent(since.elapsed()),
        }
    }

    /// Time has passed in which the broker could have confirmed. Messages that have waited for more than `limit` of
    /// these ticks fail for the reason `why`.
    pub(super) fn tick(&self, limit: u32, why: &str) {
        let mut overdue = Vec::new();
        {
            let mut waiting = self.lock();
            waiting.now = waiting.now.wrapping_add(1);
            let now = waiting.now;
            let late = |message: &&mut Message| now.wrapping_sub(message.since) > limit;
            for message in waiting.messages.iter_mut().take_while(late) {
                overdue.extend(message.told.take());
            }
            waiting.forget_settled();
        }
        for told in overdue {
            told.answer(Err(Failure::Unanswered(Fault::lost(why))));
        }
    }

    /// Takes no more messages; gives those that wait, each with its size.
    fn close(&self, why: &Arc<str>) -> Vec<(Told, u32)> {
        let mut waiting = self.lock();
        waiting.closed.get_or_insert_with(|| why.clone());
        let messages = std::mem::take(&mut waiting.messages);
        messages
            .into_iter()
            .filter_map(|message| Some((message.told?, message.size)))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Unconfirmed> {
        lock(&self.0)
    }
}

impl Unconfirmed {
    /// Where the message is that the broker knows by this number.
    fn index(&self, number: u64) -> Option<usize> {
        let index = number.checked_sub(self.before + 1)?;
        let index = usize::try_from(index).ok()?;
        (index < self.messages.len()).then_some(index)
    }

    fn settle(&mut self, number: u64, multiple: bool) -> Vec<(Told, bool)> {
        let range = match self.index(number) {
            Some(index) if multiple => 0..index + 1,
            Some(index) => index..index + 1,
            // All there are.
            None if multiple && number == 0 => 0..self.messages.len(),
            // It is settled already.
            None => 0..0,
        };
        let messages = self.messages.range_mut(range);
        let settled = messages
            .filter_map(|message| Some((message.told.take()?, message.returned)))
            .collect();
        self.forget_settled();
        self.silent = self.silent.map(|_| Instant::now());
        settled
    }

    fn forget_settled(&mut self) {
        while self
            .messages
            .front()
            .is_some_and(|first| first.told.is_none())
        {
            self.messages.pop_front();
            self.before += 1;
        }
        if self.messages.is_empty() {
            self.silent = None;
            self.messages.shrink_to(KEPT_CAPACITY);
        }
    }
}

/// Waits for the broker's answer to one message. Dropping it changes nothing about the message.
#[derive(Debug)]
pub(crate) struct Confirm(Arc<ConfirmSlot>);

impl Confirm {
    /// The confirm of a message that was not sent.
    pub(super) fn unsent(fault: Fault) -> Self {
        let slot = ConfirmSlot {
            quiet: false,
            state: Mutex::default(),
        };
        slot.answer(Err(Failure::Unsent(fault)));
        Self(Arc::new(slot))
    }

    /// Keeps the message's body until the broker has taken the message: a quiet confirm does not wake the caller, who
    /// would have to keep it.
    pub(crate) fn keep(&self, body: Bytes) {
        let mut state = lock(&self.0.state);
        if !matches!(state.answer, Some(Ok(Confirmed::Taken))) {
            state.kept = body;
        }
    }

    /// The body, if the broker has not taken the message.
    pub(crate) fn kept(&self) -> Bytes {
        std::mem::take(&mut lock(&self.0.state).kept)
    }
}

impl Future for Confirm {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let mut state = lock(&self.0.state);
        match state.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                state.waiting = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    fn publish(confirms: &Confirms) -> Confirm {
        confirms.publish(false, 1, |_, _| Ok(()))
    }

    /// What is known now: nothing, or the answer.
    fn now(confirm: &mut Confirm) -> Option<Answer> {
        lock(&confirm.0.state).answer.take()
    }

    #[test]
    fn each_message_has_its_own_answer() {
        let confirms = Confirms::default();
        let mut numbers = Vec::new();
        let mut sent: Vec<_> = (0..6)
            .map(|_| {
                confirms.publish(false, 1, |number, _| {
                    numbers.push(number);
                    Ok(())
                })
            })
            .collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        confirms.settle(2, false, true);
        confirms.settle(5, false, false);
        confirms.returned(3);
        // Nobody waits for this one any more.
        drop(sent.remove(3));
        confirms.settle(4, true, true);
        confirms.settle(4, true, true);
        let answers: Vec<_> = sent.iter_mut().map(now).collect();
        assert!(matches!(
            answers[..],
            [
                Some(Ok(Confirmed::Taken)),
                Some(Ok(Confirmed::Taken)),
                Some(Ok(Confirmed::Returned)),
                Some(Ok(Confirmed::Rejected)),
                None,
            ]
        ));
        assert_eq!(confirms.lock().messages.len(), 1, "what is settled is gone");
        confirms.settle(0, true, true);
        assert!(matches!(now(&mut sent[4]), Some(Ok(Confirmed::Taken))));
    }

    #[test]
    fn a_quiet_confirm_wakes_for_bad_news_only() {
        struct Count(AtomicUsize);

        impl Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }

        let confirms = Confirms::default();
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let mut context = Context::from_waker(&waker);
        let mut sent = [(); 3].map(|()| confirms.publish(true, 1, |_, _| Ok(())));
        for sent in &mut sent {
            sent.keep(Bytes::from_static(b"body"));
            assert!(Pin::new(sent).poll(&mut context).is_pending());
        }
        confirms.settle(1, false, true);
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        let taken = Pin::new(&mut sent[0]).poll(&mut context);
        assert!(matches!(taken, Poll::Ready(Ok(Confirmed::Taken))));
        confirms.returned(2);
        confirms.settle(2, false, true);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        confirms.lost(&"cut".into());
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
        assert_eq!(
            sent.map(|sent| sent.kept().len()),
            [0, 4, 4],
            "what may be sent again is kept"
        );
    }

    #[test]
    fn what_nobody_waits_for_is_told_once_whatever_comes() {
        let confirms = Confirms::default();
        let (tell, told) = std::sync::mpsc::channel();
        let then = || -> Then {
            let tell = tell.clone();
            Box::new(move |answer| tell.send(answer).unwrap())
        };
        for _ in 0..3 {
            confirms.publish_then(then(), 1, |_, _| Ok(()));
        }
        confirms.settle(1, false, true);
        confirms.returned(2);
        confirms.settle(2, false, true);
        confirms.lost(&"cut".into());
        confirms.publish_then(then(), 1, |_, _| unreachable!("it is closed"));
        let answers: Vec<_> = told.try_iter().collect();
        assert!(matches!(
            answers[..],
            [
                Ok(Confirmed::Taken),
                Ok(Confirmed::Returned),
                Err(Failure::Unanswered(_)),
                Err(Failure::NotReached(_)),
            ]
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_begins_with_what_waits_and_ends_with_a_confirm() {
        let time = Duration::from_secs(1);
        let confirms = Confirms::default();
        let silent = |time| confirms.health() == Health::Silent(time);
        tokio::time::advance(time).await;
        let _sent = [publish(&confirms), publish(&confirms)];
        assert!(silent(Duration::ZERO));
        tokio::time::advance(time).await;
        assert!(silent(time));
        confirms.settle(1, false, true);
        assert!(silent(Duration::ZERO));
        tokio::time::advance(time).await;
        assert!(silent(time));
        confirms.settle(2, false, true);
        assert!(silent(Duration::ZERO), "nothing waits");
        confirms.lost(&"cut".into());
        assert_eq!(confirms.health(), Health::Closed);
    }

    #[test]
    fn what_was_not_queued_is_not_counted() {
        let confirms = Confirms::default();
        let mut refused = confirms.publish(false, 1, |_, _| Err(Fault::lost("closed")));
        assert!(matches!(
            now(&mut refused),
            Some(Err(Failure::NotReached(_)))
        ));
        let mut sent = publish(&confirms);
        confirms.settle(1, false, true);
        assert!(now(&mut sent).is_some());
        // What the broker makes up is passed over.
        confirms.settle(9, false, true);
        confirms.returned(9);
    }

    #[test]
    fn a_channel_is_closed_over_one_message_and_only_a_single_one_is_known_to_be_it() {
        let missing = Fault::Missing("no exchange".into());
        let confirms = Confirms::default();
        let mut settled = publish(&confirms);
        confirms.settle(1, false, true);
        let mut sent = publish(&confirms);
        confirms.refused(&missing);
        assert!(matches!(now(&mut settled), Some(Ok(_))));
        assert!(matches!(
            now(&mut sent),
            Some(Err(Failure::Unsent(Fault::Missing(_))))
        ));
        let mut late = confirms.publish(false, 1, |_, _| unreachable!("it is closed"));
        assert!(matches!(
            now(&mut late),
            Some(Err(Failure::NotReached(Fault::Lost(_))))
        ));

        let confirms = Confirms::default();
        let mut sent = [publish(&confirms), publish(&confirms)];
        confirms.refused(&missing);
        for sent in &mut sent {
            assert!(matches!(
                now(sent),
                Some(Err(Failure::Unanswered(Fault::Lost(_))))
            ));
        }
    }

    #[test]
    fn a_message_that_is_too_large_is_known_by_its_size() {
        let text = "message size 600 is larger than configured max size 500";
        let refusal = Fault::coded(406, text);
        let confirms = Confirms::default();
        let mut sent = [7, 600, 600, 8].map(|size| confirms.publish(false, size, |_, _| Ok(())));
        confirms.refused(&refusal);
        let answers = sent.each_mut().map(now);
        assert!(matches!(
            answers,
            [
                Some(Err(Failure::Unanswered(Fault::Lost(_)))),
                Some(Err(Failure::Unsent(Fault::Refused(_)))),
                Some(Err(Failure::NotReached(_))),
                Some(Err(Failure::NotReached(_))),
            ]
        ));
    }

    #[test]
    fn a_message_that_waits_for_too_long_fails() {
        let confirms = Confirms::default();
        let mut first = publish(&confirms);
        confirms.tick(1, "late");
        let mut second = publish(&confirms);
        confirms.tick(1, "late");
        assert!(matches!(now(&mut first), Some(Err(Failure::Unanswered(_)))));
        assert!(now(&mut second).is_none());
        confirms.settle(2, true, true);
        assert!(matches!(now(&mut second), Some(Ok(Confirmed::Taken))));
    }
}
