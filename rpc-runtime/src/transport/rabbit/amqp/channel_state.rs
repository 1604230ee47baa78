//! The state of one channel, from `channel.open` to `channel.close-ok`.
//!
//! Each write on a channel must hold its lock, so that no frame follows a close. Either side may close the channel.
//! If both do, each side still answers the other's close, and the channel ends once both closes are answered.
//! Handlers and confirms must never be called under the lock.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lapin::protocol::{AMQPClass, channel as protocol};
use tokio::sync::{oneshot, watch};

use super::confirms::Confirms;
use super::deliveries::DeliveryHandler;
use super::fault::{Fault, Reason};
use super::methods;
use super::outgoing::Outgoing;
use super::write_queue::WriteQueue;
use crate::sync::Mutex;

/// AMQP's code for a close without a fault.
const SUCCESS: u16 = 200;

/// Receives the reply to a request.
pub(super) type ReplySender = oneshot::Sender<Result<AMQPClass, Fault>>;

/// A request that the broker has not answered yet.
#[derive(Debug)]
struct Request {
    /// The method's name, for the texts of errors.
    name: &'static str,
    /// How many ticks have passed since the request was sent.
    ticks: u32,
    reply: ReplySender,
}

/// The purpose of a channel.
pub(super) enum Role {
    /// Publishing, with confirms.
    Publish(Arc<Confirms>),
    /// Consuming. The handler is set before the first consumer is started, and removed when the channel ends.
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

/// The state of one channel. Its handle and the frame router share it.
#[derive(Debug)]
pub(super) struct ChannelState {
    number: u16,
    role: Role,
    inner: Mutex<Inner>,
    /// Whether the broker has answered `channel.open`.
    opened: AtomicBool,
    /// Why the channel or one of its consumers has ended.
    ended: watch::Sender<Option<Fault>>,
}

#[derive(Debug)]
struct Inner {
    phase: Phase,
    /// The requests that are not answered yet, in order.
    requests: VecDeque<Request>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// `channel.close` was sent. Nothing else may be sent, except the answer to the broker's close.
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
                requests: VecDeque::new(),
            }),
            opened: AtomicBool::new(false),
            ended: watch::Sender::new(None),
        }
    }

    pub(super) fn number(&self) -> u16 {
        self.number
    }

    /// The confirms of a publishing channel.
    pub(super) fn confirms(&self) -> Option<&Confirms> {
        match &self.role {
            Role::Publish(confirms) => Some(confirms),
            Role::Consume(_) | Role::Declare => None,
        }
    }

    /// The handler of a consuming channel. `None` once the channel has ended.
    pub(super) fn handler(&self) -> Option<Arc<dyn DeliveryHandler>> {
        match &self.role {
            Role::Consume(handler) => handler.lock().clone(),
            Role::Publish(_) | Role::Declare => None,
        }
    }

    /// Sets the handler of a consuming channel. If the channel has already ended, the handler's `ended` is called.
    pub(super) fn set_handler(&self, handler: Arc<dyn DeliveryHandler>) {
        if let Role::Consume(slot) = &self.role {
            *slot.lock() = Some(handler);
        }
        let is_closed = self.inner.lock().phase == Phase::Closed;
        if is_closed {
            self.end(&self.end_reason());
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.inner.lock().phase == Phase::Open
    }

    /// Writes frames on the channel, if it is open. An error means that nothing was written.
    pub(super) fn send(
        &self,
        queue: &WriteQueue,
        now: bool,
        write: impl FnOnce(&mut Outgoing),
    ) -> Result<(), Fault> {
        let inner = self.inner.lock();
        if inner.phase != Phase::Open {
            return Err(self.end_reason());
        }
        queue.send(now, write)
    }

    /// Whether the broker has answered `channel.open`. Frames that come before the answer are for an earlier channel
    /// with the same number: a broker that has closed a channel may send deliveries and confirms on it until it reads
    /// the answer to its close.
    pub(super) fn has_opened(&self) -> bool {
        self.opened.load(Ordering::Relaxed)
    }

    pub(super) fn set_opened(&self) {
        self.opened.store(true, Ordering::Relaxed);
    }

    /// Handles the broker's answer to the oldest request.
    pub(super) fn replied(&self, reply: AMQPClass) {
        if let AMQPClass::Channel(protocol::AMQPMethod::OpenOk(_)) = reply {
            self.set_opened();
        }
        let request = self.inner.lock().requests.pop_front();
        if let Some(request) = request {
            // Fails only if the caller's future was dropped.
            let _ = request.reply.send(Ok(reply));
        }
    }

    /// Handles the broker's cancellation of a consumer. The channel stays open for
    /// [receipts](super::DeliveryHandler::receipt) that are due.
    pub(super) fn cancelled(&self) {
        self.set_ended(&Fault::lost(
            "the broker cancelled the consumer: its queue was deleted or is unavailable, or an acknowledgement took \
             longer than the broker's `consumer_timeout`",
        ));
    }

    /// Handles the broker's close of the channel. True if the channel has ended.
    pub(super) fn closed_by_broker(&self, queue: &WriteQueue, fault: &Fault) -> bool {
        let requests = {
            let mut inner = self.inner.lock();
            // Written under the lock, so that no frame follows it on this channel. Fails only if the connection has
            // ended.
            let _ = queue.send(false, |out| {
                let close_ok = protocol::AMQPMethod::CloseOk(protocol::CloseOk {});
                methods::write(out.frames(), self.number, &AMQPClass::Channel(close_ok));
            });
            if inner.phase != Phase::Open {
                // Both sides have closed. The broker will still answer this side's close.
                return false;
            }
            inner.phase = Phase::Closed;
            std::mem::take(&mut inner.requests)
        };
        let fault_why = fault.why();
        // If requests wait, the broker is taken to have refused the oldest one. It did not process the later ones.
        let mut fault_of_oldest = Some(fault.clone());
        for request in requests {
            let fault = fault_of_oldest.take();
            let fault = fault.unwrap_or_else(|| Fault::lost(fault_why.clone()));
            let _ = request.reply.send(Err(fault));
        }
        if let Some(confirms) = self.confirms() {
            confirms.refused(fault);
        }
        self.end(fault);
        true
    }

    /// Handles the broker's answer to this side's close. True if the channel has ended.
    pub(super) fn close_ok(&self) -> bool {
        let requests = {
            let mut inner = self.inner.lock();
            if inner.phase != Phase::Closing {
                return false;
            }
            inner.phase = Phase::Closed;
            std::mem::take(&mut inner.requests)
        };
        let fault = Fault::lost("the channel was closed");
        for request in requests {
            // The sender of the close also gets this error. It waits only for the end and ignores the result.
            let _ = request.reply.send(Err(fault.clone()));
        }
        if let Some(confirms) = self.confirms() {
            confirms.lost(fault.why());
        }
        self.end(&fault);
        true
    }

    /// Handles the end of the connection.
    pub(super) fn lost(&self, why: &Reason) {
        let requests = {
            let mut inner = self.inner.lock();
            inner.phase = Phase::Closed;
            std::mem::take(&mut inner.requests)
        };
        for request in requests {
            let _ = request.reply.send(Err(Fault::ended(why.clone())));
        }
        if let Some(confirms) = self.confirms() {
            confirms.lost(why);
        }
        self.end(&Fault::ended(why.clone()));
    }

    /// Sends a request, if the channel is open. `reply` receives the reply.
    pub(super) fn request(
        &self,
        queue: &WriteQueue,
        request: &AMQPClass,
        reply: ReplySender,
    ) -> Result<(), Fault> {
        let mut inner = self.inner.lock();
        if inner.phase != Phase::Open {
            return Err(self.end_reason());
        }
        queue.send(false, |out| {
            methods::write(out.frames(), self.number, request);
        })?;
        inner.requests.push_back(Request {
            name: methods::name(request),
            ticks: 0,
            reply,
        });
        Ok(())
    }

    /// Writes frames, if the channel is open. `requests` are the names of the methods among them that the broker
    /// answers. Nothing waits for these replies, so they need not be matched to their requests. Each request still has the
    /// deadline of a request.
    pub(super) fn send_requests(
        &self,
        queue: &WriteQueue,
        requests: impl IntoIterator<Item = &'static str>,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Fault> {
        let mut inner = self.inner.lock();
        if inner.phase != Phase::Open {
            return Err(self.end_reason());
        }
        queue.send(true, |out| write(out.frames()))?;
        let requests = requests.into_iter().map(|name| Request {
            name,
            ticks: 0,
            reply: oneshot::channel().0,
        });
        inner.requests.extend(requests);
        Ok(())
    }

    /// Whether any request is not answered yet.
    pub(super) fn awaits_replies(&self) -> bool {
        !self.inner.lock().requests.is_empty()
    }

    /// Counts one tick in which the broker could have replied. Returns the name of the oldest request if that has
    /// waited for more than `limit` ticks.
    pub(super) fn overdue_request(&self, limit: u32) -> Option<&'static str> {
        let mut inner = self.inner.lock();
        for request in &mut inner.requests {
            request.ticks = request.ticks.saturating_add(1);
        }
        let oldest = inner.requests.front()?;
        (oldest.ticks > limit).then_some(oldest.name)
    }

    /// Sends a close, if the channel is open. `reply` receives the end of the channel.
    pub(super) fn close(&self, queue: &WriteQueue, reply: Option<ReplySender>) {
        let mut inner = self.inner.lock();
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
        inner.requests.extend(reply.map(|reply| Request {
            name: "channel.close",
            ticks: 0,
            reply,
        }));
        // Fails only if the connection has ended, and with it the channel.
        let _ = queue.send(false, |out| {
            methods::write(out.frames(), self.number, &AMQPClass::Channel(close));
        });
    }

    /// Notifies the handler, and the futures that wait for the end of the channel.
    fn end(&self, fault: &Fault) {
        self.set_ended(fault);
        if let Role::Consume(handler) = &self.role {
            // The handler is removed: its acknowledger refers to this state, so keeping it would leave a reference
            // cycle.
            let handler = handler.lock().take();
            if let Some(handler) = handler {
                handler.ended(fault);
            }
        }
    }

    /// Sets the reason of the end, unless one is set.
    fn set_ended(&self, fault: &Fault) {
        self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            if first {
                *ended = Some(fault.clone());
            }
            first
        });
    }

    /// Why nothing can be written on the channel any more.
    pub(super) fn end_reason(&self) -> Fault {
        let ended = self.ended.borrow();
        let why = ended.as_ref().map(|fault| fault.why().clone());
        Fault::lost(why.unwrap_or_else(|| "the channel was closed".into()))
    }

    /// Waits for the end of the channel or of one of its consumers.
    pub(super) async fn ended(&self) -> Fault {
        let mut ended = self.ended.subscribe();
        let fault = ended.wait_for(Option::is_some).await;
        let fault = fault.ok().and_then(|fault| fault.clone());
        fault.unwrap_or_else(|| Fault::lost("the channel was closed"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::super::deliveries::Delivered;
    use super::*;

    /// Counts the calls of `ended`.
    #[derive(Default)]
    struct Ends(AtomicUsize);

    impl DeliveryHandler for Ends {
        fn delivered(&self, _: Delivered) {}

        fn ended(&self, _: &Fault) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_handler_is_notified_of_the_end_once_and_then_dropped() {
        for ends_first in [false, true] {
            let channel = ChannelState::new(1, Role::Consume(Mutex::default()));
            let handler = Arc::new(Ends::default());
            if ends_first {
                channel.lost(&"cut".into());
            }
            channel.set_handler(handler.clone());
            channel.lost(&"cut".into());
            assert_eq!(handler.0.load(Ordering::Relaxed), 1);
            assert_eq!(Arc::strong_count(&handler), 1);
        }
    }

    #[test]
    fn an_unanswered_request_becomes_overdue() {
        let (channel, queue) = (
            ChannelState::new(1, Role::Declare),
            WriteQueue::new(None, None),
        );
        let open = protocol::AMQPMethod::Open(protocol::Open {});
        let (sender, mut reply) = oneshot::channel();
        channel
            .request(&queue, &AMQPClass::Channel(open), sender)
            .unwrap();
        assert_eq!(channel.overdue_request(1), None);
        assert_eq!(channel.overdue_request(1), Some("channel.open"));
        let open_ok = protocol::AMQPMethod::OpenOk(protocol::OpenOk {});
        channel.replied(AMQPClass::Channel(open_ok));
        assert!(reply.try_recv().unwrap().is_ok());
        assert_eq!(channel.overdue_request(1), None);
    }

    #[test]
    fn a_refusal_is_for_the_oldest_request_only() {
        let (channel, queue) = (
            ChannelState::new(1, Role::Declare),
            WriteQueue::new(None, None),
        );
        let mut replies = [(); 2].map(|()| {
            let open = protocol::AMQPMethod::Open(protocol::Open {});
            let (sender, reply) = oneshot::channel();
            let request = AMQPClass::Channel(open);
            channel.request(&queue, &request, sender).unwrap();
            reply
        });
        assert!(channel.closed_by_broker(&queue, &Fault::coded(403, "denied")));
        let replies = replies.each_mut().map(|reply| reply.try_recv().unwrap());
        assert!(matches!(
            replies,
            [Err(Fault::Refused(_)), Err(Fault::Lost(_))]
        ));
        assert!(!channel.is_open());
    }
}
