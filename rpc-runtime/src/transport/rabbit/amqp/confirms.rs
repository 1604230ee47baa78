//! The messages of a publishing channel that wait for their confirms.
//!
//! The broker numbers the messages of a channel, and confirms one or many of them by number. It returns a message
//! before it confirms it. Messages must be sent in the order of their numbers, so sending happens under the lock.
//! Recipients must never be called under the lock. The channel owns the table.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::confirm::{Answer, Confirm, ConfirmSlot, Confirmed, Failure};
use super::confirm_times::ConfirmMonitor;
use super::fault::Fault;
use crate::sync::Mutex;

/// The capacity, in messages, that the table keeps while no message waits.
const KEPT_CAPACITY: usize = 1024;

/// The health of a publishing channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Messages can be published, and confirms come in the usual time.
    Healthy,
    /// Messages wait, and no confirm has come for longer than usual.
    Silent,
    /// The channel has ended.
    Closed,
}

/// The confirms of one channel.
#[derive(Debug)]
pub(super) struct Confirms {
    waiting: Mutex<Unconfirmed>,
    monitor: Arc<ConfirmMonitor>,
}

#[derive(Debug, Default)]
struct Unconfirmed {
    /// How many messages were removed before the first one in `messages`.
    before: u64,
    messages: VecDeque<Message>,
    /// While messages wait: since when no confirm has come.
    silent: Option<Instant>,
    /// The number of the message whose confirm is timed, and when it was sent.
    timed: Option<(u64, Instant)>,
    /// The current time, in ticks.
    now: u32,
    /// Why the channel has ended.
    closed: Option<Arc<str>>,
}

#[derive(Debug)]
struct Message {
    /// The recipient of the answer. `None` once the message is settled.
    recipient: Option<Recipient>,
    returned: bool,
    /// The size of the body, in bytes.
    size: u32,
    /// The tick in which the message was sent.
    since: u32,
}

/// The recipient of the answer to a message.
enum Recipient {
    Slot(Arc<ConfirmSlot>),
    Callback(ConfirmCallback),
}

/// Receives the answer to a message that no task awaits. It may be called on any thread, most often by the I/O task. It
/// must not block.
pub(crate) type ConfirmCallback = Box<dyn FnOnce(Answer) + Send>;

impl Recipient {
    /// Must not be called under a lock: a callback may publish or take locks.
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

/// The effects of one confirm.
struct Settled {
    /// The recipients of the messages that it settles, and whether each message was returned.
    recipients: Vec<(Recipient, bool)>,
    /// How long the confirm of the timed message took, if it settles that message.
    took: Option<Duration>,
    /// How long no confirm had come before.
    silence: Duration,
}

impl Confirms {
    /// The confirms of a new channel. `monitor` is the connection's.
    pub(super) fn new(monitor: Arc<ConfirmMonitor>) -> Self {
        Self {
            waiting: Mutex::default(),
            monitor,
        }
    }

    /// Numbers a message with a body of `size` bytes, and calls `send` to send it. `send` receives the number, and
    /// whether no other message waits for its confirm. If `send` fails, the number is not used.
    ///
    /// With `quiet`, a positive confirm does not wake the task that polls the [`Confirm`]; the next poll returns it.
    pub(super) fn publish(
        &self,
        quiet: bool,
        size: usize,
        send: impl FnOnce(u64, bool) -> Result<(), Fault>,
    ) -> Confirm {
        let (slot, confirm) = ConfirmSlot::new(quiet);
        self.send(Recipient::Slot(slot), size, send);
        confirm
    }

    /// As [`publish`](Self::publish), but `callback` receives the answer.
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
        if let Err((fault, recipient)) = self.send_numbered(recipient, size, send) {
            recipient.answer(Err(Failure::NotProcessed(fault)));
        }
    }

    fn send_numbered(
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

    /// Handles the broker's ack (`taken`) or nack of a message. With `multiple`, it also applies to all messages
    /// before.
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

    /// Handles the return of a message. Its confirm follows.
    pub(super) fn returned(&self, number: u64) {
        let mut waiting = self.waiting.lock();
        if let Some(message) = waiting
            .index(number)
            .map(|index| &mut waiting.messages[index])
        {
            message.returned = true;
        }
    }

    /// Handles the broker's close of the channel, most often because of a message or of a declaration.
    ///
    /// The broker processes messages in order, and stops at the one that it refuses. If that one is known, the messages
    /// before it are in doubt, and those after it were not reached. Otherwise all messages are in doubt.
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
                    Fault::Missing(_) | Fault::Refused(_) => Failure::NotTaken(fault.clone()),
                    Fault::Lost(_) => doubt(),
                },
                Some(Ordering::Greater) => Failure::NotProcessed(Fault::lost(fault.why().clone())),
            }));
        }
    }

    /// Handles the end of the channel for another reason than a message: all messages are in doubt.
    pub(super) fn lost(&self, why: &Arc<str>) {
        for (recipient, _) in self.close(why) {
            recipient.answer(Err(Failure::Unanswered(Fault::lost(why.clone()))));
        }
    }

    /// The health of the channel.
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
            _ => Health::Healthy,
        }
    }

    /// Counts one tick in which the broker could have sent confirms. Messages that have waited for more than `limit`
    /// ticks fail with the reason `why`.
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

    /// Refuses further messages. Returns the recipients of those that wait, with the messages' sizes.
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
    /// The index of the message with this number.
    fn index(&self, number: u64) -> Option<usize> {
        let index = number.checked_sub(self.before + 1)?;
        let index = usize::try_from(index).ok()?;
        (index < self.messages.len()).then_some(index)
    }

    fn settle(&mut self, number: u64, multiple: bool) -> Settled {
        let range = match self.index(number) {
            Some(index) if multiple => 0..index + 1,
            Some(index) => index..index + 1,
            // Number 0 stands for all messages.
            None if multiple && number == 0 => 0..self.messages.len(),
            // The message is already settled.
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

#[cfg(test)]
mod tests;
