//! What is known of one channel, from `channel.open` to `channel.close-ok`.
//!
//! Whatever is written on a channel is written under its lock, so nothing follows a close. Either side may close. When
//! both do, each still gets its answer; the channel is gone once all answers are there.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use lapin::protocol::{AMQPClass, channel as protocol};
use tokio::sync::{oneshot, watch};

use super::confirms::Confirms;
use super::deliveries::DeliveryHandler;
use super::fault::{Fault, Reason};
use super::methods;
use super::write_queue::WriteQueue;
use crate::mutex::lock;

/// AMQP's code for a close without a fault.
const SUCCESS: u16 = 200;

/// Waits for the reply to a request.
pub(super) type Waiting = oneshot::Sender<Result<AMQPClass, Fault>>;

/// What a channel is for.
pub(super) enum Role {
    /// Publishing, with confirms.
    Publish(Confirms),
    /// Consuming; the handler is set before the first consumer, and leaves with the channel's end.
    Consume(Mutex<Option<Arc<dyn DeliveryHandler>>>),
    /// Declaring exchanges and queues.
    Declare,
}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Publish(_) => "Publish",
            Self::Consume(_) => "Consume",
            Self::Declare => "Declare",
        })
    }
}

/// A channel as the frame router sees it.
#[derive(Debug)]
pub(super) struct ChannelState {
    number: u16,
    role: Role,
    inner: Mutex<Inner>,
    /// Why the channel has ended, or its consumer.
    ended: watch::Sender<Option<Fault>>,
}

#[derive(Debug)]
struct Inner {
    phase: Phase,
    /// Who waits for replies, in the order of their requests.
    waiting: VecDeque<Waiting>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// `channel.close` was sent: nothing else may be.
    Closing,
    Closed,
}

impl ChannelState {
    pub(super) fn new(number: u16, role: Role) -> Self {
        Self {
            number,
            role,
            inner: Mutex::new(Inner {
                phase: Phase::Open,
                waiting: VecDeque::new(),
            }),
            ended: watch::Sender::new(None),
        }
    }

    pub(super) fn number(&self) -> u16 {
        self.number
    }

    pub(super) fn role(&self) -> &Role {
        &self.role
    }

    /// The confirms of a publishing channel.
    pub(super) fn confirms(&self) -> Option<&Confirms> {
        match &self.role {
            Role::Publish(confirms) => Some(confirms),
            Role::Consume(_) | Role::Declare => None,
        }
    }

    /// The handler of a consuming channel, until the channel has ended.
    pub(super) fn handler(&self) -> Option<Arc<dyn DeliveryHandler>> {
        match &self.role {
            Role::Consume(handler) => lock(handler).clone(),
            Role::Publish(_) | Role::Declare => None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.lock().phase == Phase::Open
    }

    /// Writes frames on the channel, while it is open. An error means that nothing was written.
    pub(super) fn send(
        &self,
        queue: &WriteQueue,
        now: bool,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Fault> {
        let inner = self.lock();
        if inner.phase != Phase::Open {
            return Err(self.end_reason());
        }
        queue.send(now, write)
    }

    /// The broker has answered the oldest request.
    pub(super) fn replied(&self, reply: AMQPClass) {
        let waiting = self.lock().waiting.pop_front();
        if let Some(waiting) = waiting {
            // The caller may have gone.
            let _ = waiting.send(Ok(reply));
        }
    }

    /// The broker has cancelled a consumer. The channel is still there, for receipts that are due.
    pub(super) fn cancelled(&self) {
        self.set_ended(&Fault::lost(
            "the broker cancelled the consumer: its queue was deleted, or is out of reach",
        ));
    }

    /// The broker has closed the channel, because of the oldest request or of a message. True if the channel is gone.
    pub(super) fn closed_by_broker(&self, queue: &WriteQueue, fault: &Fault) -> bool {
        let waiting = {
            let mut inner = self.lock();
            // Under the lock, so that it is the last that is written here. It fails if the connection has ended.
            let _ = queue.send(false, |out| {
                let close_ok = protocol::AMQPMethod::CloseOk(protocol::CloseOk {});
                methods::write(out, self.number, &AMQPClass::Channel(close_ok));
            });
            if inner.phase != Phase::Open {
                // Both sides have closed. The broker still answers this side's close.
                return false;
            }
            inner.phase = Phase::Closed;
            std::mem::take(&mut inner.waiting)
        };
        let fault_why = fault.why();
        // The oldest request was refused; those behind it were not looked at.
        let mut fault_of_oldest = Some(fault.clone());
        for waiting in waiting {
            let fault = fault_of_oldest.take();
            let fault = fault.unwrap_or_else(|| Fault::lost(fault_why.clone()));
            let _ = waiting.send(Err(fault));
        }
        if let Some(confirms) = self.confirms() {
            confirms.refused(fault);
        }
        self.end(fault);
        true
    }

    /// The broker has answered this side's close. True if the channel is gone.
    pub(super) fn close_ok(&self) -> bool {
        let waiting = {
            let mut inner = self.lock();
            if inner.phase != Phase::Closing {
                return false;
            }
            inner.phase = Phase::Closed;
            std::mem::take(&mut inner.waiting)
        };
        for waiting in waiting {
            let close_ok = protocol::AMQPMethod::CloseOk(protocol::CloseOk {});
            let _ = waiting.send(Ok(AMQPClass::Channel(close_ok)));
        }
        let fault = Fault::lost("the channel was closed");
        if let Some(confirms) = self.confirms() {
            confirms.lost(fault.why());
        }
        self.end(&fault);
        true
    }

    /// The connection has ended.
    pub(super) fn lost(&self, why: &Reason) {
        let waiting = {
            let mut inner = self.lock();
            inner.phase = Phase::Closed;
            std::mem::take(&mut inner.waiting)
        };
        for waiting in waiting {
            let _ = waiting.send(Err(Fault::ended(why.clone())));
        }
        if let Some(confirms) = self.confirms() {
            confirms.lost(why);
        }
        self.end(&Fault::ended(why.clone()));
    }

    /// Sends a request, while the channel is open; `waiting` gets the reply.
    pub(super) fn request(
        &self,
        queue: &WriteQueue,
        request: &AMQPClass,
        waiting: Waiting,
    ) -> Result<(), Fault> {
        let mut inner = self.lock();
        if inner.phase != Phase::Open {
            return Err(self.end_reason());
        }
        queue.send(false, |out| methods::write(out, self.number, request))?;
        inner.waiting.push_back(waiting);
        Ok(())
    }

    /// Asks the broker to close the channel, unless it is closed; `waiting` gets the answer.
    pub(super) fn close(&self, queue: &WriteQueue, waiting: Option<Waiting>) {
        let mut inner = self.lock();
        if inner.phase != Phase::Open {
            return;
        }
        inner.phase = Phase::Closing;
        let close = protocol::AMQPMethod::Close(protocol::Close {
            reply_code: SUCCESS,
            reply_text: "OK".into(),
            class_id: 0,
            method_id: 0,
        });
        inner.waiting.extend(waiting);
        // It fails if the connection has ended: then the channel has.
        let _ = queue.send(false, |out| {
            methods::write(out, self.number, &AMQPClass::Channel(close));
        });
    }

    /// Tells everybody that the channel has ended.
    fn end(&self, fault: &Fault) {
        self.set_ended(fault);
        if let Role::Consume(handler) = &self.role {
            // The handler may acknowledge here, and so refers to this state.
            let handler = lock(handler).take();
            if let Some(handler) = handler {
                handler.ended(fault);
            }
        }
    }

    /// The first reason stands.
    fn set_ended(&self, fault: &Fault) {
        self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            if first {
                *ended = Some(fault.clone());
            }
            first
        });
    }

    /// Why nothing can be written any more.
    pub(super) fn end_reason(&self) -> Fault {
        let ended = self.ended.borrow();
        let why = ended.as_ref().map(|fault| fault.why().clone());
        Fault::lost(why.unwrap_or_else(|| "the channel was closed".into()))
    }

    /// Waits for the end of the channel, or of its consumer.
    pub(super) async fn ended(&self) -> Fault {
        let mut ended = self.ended.subscribe();
        let fault = ended.wait_for(Option::is_some).await;
        let fault = fault.ok().and_then(|fault| fault.clone());
        fault.unwrap_or_else(|| Fault::lost("the channel was closed"))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}
