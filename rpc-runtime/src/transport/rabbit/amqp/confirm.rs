//! [`Confirm`]: waits for the broker's answer to one message.
//!
//! The message's sender owns the [`Confirm`]. The [table](super::confirms) owns the other handle to its slot, and fills
//! it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::fault::Fault;
use crate::sync::Mutex;

/// How one publish failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The broker has not taken the message. The attempt counts.
    NotTaken(Fault),
    /// The broker has not processed the message: the message was not written, or its channel was closed before the
    /// broker reached it. The attempt does not count.
    NotProcessed(Fault),
    /// The message was written, but not confirmed. The broker may have taken it.
    Unanswered(Fault),
}

/// What the broker did with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confirmed {
    /// The message is in a queue. A message that is not mandatory may be in none.
    Taken,
    /// The broker returned the message: there is no queue for it.
    Returned,
    /// The broker sent a nack: a queue cannot take the message.
    Rejected,
}

/// The broker's answer to one message.
pub(crate) type Answer = Result<Confirmed, Failure>;

/// Waits for the broker's answer to one message. Dropping it does not affect the message.
#[derive(Debug)]
pub(crate) struct Confirm(Arc<ConfirmSlot>);

impl Confirm {
    /// Takes the answer out, if it has come.
    #[cfg(test)]
    pub(super) fn now(&self) -> Option<Answer> {
        self.0.state.lock().answer.take()
    }

    /// Keeps the message's body until the broker has taken the message. A caller that kept the body itself would keep
    /// it too long, since a quiet confirm does not wake it.
    pub(crate) fn keep(&self, body: Bytes) {
        let mut state = self.0.state.lock();
        if !matches!(state.answer, Some(Ok(Confirmed::Taken))) {
            state.kept = body;
        }
    }

    /// Takes the body out. It is empty if the broker has taken the message.
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

/// The slot for the answer to one message.
#[derive(Debug)]
pub(super) struct ConfirmSlot {
    /// If true, a positive confirm does not wake the task, which also waits for a reply.
    quiet: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    answer: Option<Answer>,
    waiting: Option<Waker>,
    /// The message's body, as long as the message may have to be sent again.
    kept: Bytes,
}

impl ConfirmSlot {
    /// The slot of a message, and the future that waits for its answer. For `quiet`, see
    /// [`Confirms::publish`](super::confirms::Confirms::publish).
    pub(super) fn new(quiet: bool) -> (Arc<Self>, Confirm) {
        let slot = Arc::new(Self {
            quiet,
            state: Mutex::default(),
        });
        (slot.clone(), Confirm(slot))
    }

    /// Stores the answer, and wakes the task that waits for it.
    pub(super) fn answer(&self, answer: Answer) {
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
