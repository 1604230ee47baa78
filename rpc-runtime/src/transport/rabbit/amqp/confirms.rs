//! The messages of a publishing channel that wait for their confirms.
//!
//! The broker counts the messages of a channel, and confirms by number, one or many at once. It returns a message
//! before it confirms it.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::confirm_times::ConfirmMonitor;
use super::fault::Fault;
use crate::sync::Mutex;

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
    /// Messages can be published, and are confirmed as fast as ever.
    Well,
    /// Messages wait, and none was confirmed for longer than usual.
    Silent,
    /// Nothing can be published any more.
    Closed,
}

pub(crate) type Answer = Result<Confirmed, Failure>;

/// The confirms of one channel.
#[derive(Debug)]
pub(super) struct Confirms {
    waiting: Mutex<Unconfirmed>,
    monitor: Arc<ConfirmMonitor>,
}

#[derive(Debug, Default)]
struct Unconfirmed {
    /// How many messages came before the first of these.
    before: u64,
    messages: VecDeque<Message>,
    /// Since when nothing was confirmed, while messages wait.
    silent: Option<Instant>,
    /// The number of the message whose confirm is timed, and when it was sent.
    timed: Option<(u64, Instant)>,
    /// In ticks.
    now: u32,
    closed: Option<Arc<str>>,
}

#[derive(Debug)]
struct Message {
    /// Until it is settled.
    recipient: Option<Recipient>,
    returned: bool,
    /// Of its body, in bytes.
    size: u32,
    since: u32,
}

/// Who is told what became of a message.
enum Recipient {
    Slot(Arc<ConfirmSlot>),
    Callback(ConfirmCallback),
}

/// Called with the answer when no task awaits it, by the I/O task on the thread that reads the socket, or by the
/// publisher where nothing could be sent. It must not block.
pub(crate) type ConfirmCallback = Box<dyn FnOnce(Answer) + Send>;

impl Recipient {
    /// Never to be called under a lock.
    fn answer(self, answer: Answer) {
        match self {
            Self::Slot(slot) => slot.answer(answer),
            Self::Callback(callback) => callback(answer),
        }
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slot(slot) => f.debug_tuple("Slot").field(slot).finish(),
            Self::Callback(_) => f.write_str("Callback"),
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
            let mut state = self.state.lock();
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

/// What one confirm has settled.
struct Settled {
    /// Who is to be told, and whether the message came back.
    recipients: Vec<(Recipient, bool)>,
    /// How long the confirm of the timed message took, if it was this one.
    took: Option<Duration>,
    /// How long there was none before.
    silence: Duration,
}

impl Confirms {
    /// A channel's, before its first message; `monitor` is that of its connection.
    pub(super) fn new(monitor: Arc<ConfirmMonitor>) -> Self {
        Self {
            waiting: Mutex::default(),
            monitor,
        }
    }

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
        self.send(Recipient::Slot(slot.clone()), size, send);
        Confirm(slot)
    }

    /// As [`publish`](Self::publish), but nobody waits: `callback` is called with the answer.
    pub(super) fn publish_with_callback(
        &self,
        callback: ConfirmCallback,
        size: usize,
        send: impl FnOnce(u64, bool) -> Result<(), Fault>,
    ) {
        self.send(Recipient::Callback(callback), size, send);
    }

    fn send(
        &self,
        recipient: Recipient,
        size: usize,
        send: impl FnOnce(u64, bool) -> Result<(), Fault>,
    ) {
        if let Err((fault, recipient)) = self.count(recipient, size, send) {
            recipient.answer(Err(Failure::NotReached(fault)));
        }
    }

    fn count(
        &self,
        recipient: Recipient,
        size: usize,
        send: impl FnOnce(u64, bool) -> Result<(), Fault>,
    ) -> Result<(), (Fault, Recipient)> {
        let mut waiting = self.waiting.lock();
        if let Some(why) = &waiting.closed {
            return Err((Fault::lost(why.clone()), recipient));
        }
        let number = waiting.before + waiting.messages.len() as u64 + 1;
        if let Err(fault) = send(number, waiting.messages.is_empty()) {
            return Err((fault, recipient));
        }
        let since = waiting.now;
        if waiting.timed.is_none() {
            let now = Instant::now();
            waiting.timed = Some((number, now));
            waiting.silent.get_or_insert(now);
        }
        waiting.messages.push_back(Message {
            recipient: Some(recipient),
            returned: false,
            size: u32::try_from(size).unwrap_or(u32::MAX),
            since,
        });
        Ok(())
    }

    /// The broker has taken a message, or rejects it; with `multiple`, also all before it.
    pub(super) fn settle(&self, number: u64, multiple: bool, taken: bool) {
        let settled = self.waiting.lock().settle(number, multiple);
        if let Some(took) = settled.took {
            self.monitor.measured(took);
        }
        self.monitor.confirmed(settled.silence);
        for (recipient, returned) in settled.recipients {
            recipient.answer(match (taken, returned) {
                (true, true) => Ok(Confirmed::Returned),
                (true, false) => Ok(Confirmed::Taken),
                (false, _) => Ok(Confirmed::Rejected),
            });
        }
    }

    /// A message came back: its confirm follows.
    pub(super) fn returned(&self, number: u64) {
        let mut waiting = self.waiting.lock();
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
        for (index, (recipient, _)) in failed.into_iter().enumerate() {
            recipient.answer(Err(match offender.map(|offender| index.cmp(&offender)) {
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
        for (recipient, _) in self.close(why) {
            recipient.answer(Err(Failure::Unanswered(Fault::lost(why.clone()))));
        }
    }

    /// Whether messages can be published, and whether they are confirmed.
    pub(super) fn health(&self) -> Health {
        let silent = {
            let waiting = self.waiting.lock();
            if waiting.closed.is_some() {
                return Health::Closed;
            }
            waiting.silent
        };
        match silent {
            Some(since) if self.monitor.is_silent(since.elapsed()) => Health::Silent,
            _ => Health::Well,
        }
    }

    /// Time has passed in which the broker could have confirmed. Messages that have waited for more than `limit` of
    /// these ticks fail for the reason `why`.
    pub(super) fn tick(&self, limit: u32, why: &str) {
        let mut overdue = Vec::new();
        {
            let mut waiting = self.waiting.lock();
            waiting.now = waiting.now.wrapping_add(1);
            let now = waiting.now;
            let late = |message: &&mut Message| now.wrapping_sub(message.since) > limit;
            for message in waiting.messages.iter_mut().take_while(late) {
                overdue.extend(message.recipient.take());
            }
            waiting.forget_settled();
        }
        for recipient in overdue {
            recipient.answer(Err(Failure::Unanswered(Fault::lost(why))));
        }
    }

    /// Takes no more messages; gives those that wait, each with its size.
    fn close(&self, why: &Arc<str>) -> Vec<(Recipient, u32)> {
        let mut waiting = self.waiting.lock();
        waiting.closed.get_or_insert_with(|| why.clone());
        let messages = std::mem::take(&mut waiting.messages);
        messages
            .into_iter()
            .filter_map(|message| Some((message.recipient?, message.size)))
            .collect()
    }
}

impl Unconfirmed {
    /// Where the message is that the broker knows by this number.
    fn index(&self, number: u64) -> Option<usize> {
        let index = number.checked_sub(self.before + 1)?;
        let index = usize::try_from(index).ok()?;
        (index < self.messages.len()).then_some(index)
    }

    fn settle(&mut self, number: u64, multiple: bool) -> Settled {
        let range = match self.index(number) {
            Some(index) if multiple => 0..index + 1,
            Some(index) => index..index + 1,
            // All there are.
            None if multiple && number == 0 => 0..self.messages.len(),
            // It is settled already.
            None => 0..0,
        };
        let messages = self.messages.range_mut(range);
        let recipients = messages
            .filter_map(|message| Some((message.recipient.take()?, message.returned)))
            .collect();
        let now = Instant::now();
        let (silent, timed) = (self.silent.replace(now), self.timed);
        self.forget_settled();
        let settled = timed.filter(|_| self.timed.is_none());
        Settled {
            recipients,
            took: settled.map(|(_, sent)| now - sent),
            silence: silent.map_or(Duration::ZERO, |since| now - since),
        }
    }

    fn forget_settled(&mut self) {
        while self
            .messages
            .front()
            .is_some_and(|first| first.recipient.is_none())
        {
            self.messages.pop_front();
            self.before += 1;
        }
        let is_due = |(number, _): &(u64, Instant)| {
            let message = self.index(*number).map(|index| &self.messages[index]);
            message.is_some_and(|message| message.recipient.is_some())
        };
        self.timed = self.timed.filter(is_due);
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
    /// Keeps the message's body until the broker has taken the message: a quiet confirm does not wake the caller, who
    /// would have to keep it.
    pub(crate) fn keep(&self, body: Bytes) {
        let mut state = self.0.state.lock();
        if !matches!(state.answer, Some(Ok(Confirmed::Taken))) {
            state.kept = body;
        }
    }

    /// The body, if the broker has not taken the message.
    pub(crate) fn kept(&self) -> Bytes {
        std::mem::take(&mut self.0.state.lock().kept)
    }
}

impl Future for Confirm {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let mut state = self.0.state.lock();
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
mod tests;
