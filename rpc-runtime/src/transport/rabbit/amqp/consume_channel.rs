//! A channel to consume on, and the acknowledgement of its deliveries.
//!
//! Acknowledging must not block, since it happens on the thread that reads the socket. The owner of the
//! [`ConsumeChannel`] decides when the channel closes; an [`Acknowledger`] does not keep it open.

use std::sync::Arc;

use lapin::protocol::{AMQPClass, basic};
use lapin::types::{FieldTable, ShortString};

use super::channel::Channel;
use super::channel_state::{ChannelState, Role};
use super::deliveries::DeliveryHandler;
use super::fault::Fault;
use super::frames;
use super::io::Io;
use super::methods;
use crate::sync::Mutex;

/// A channel with consumers. Dropping it closes it; the broker then requeues all deliveries that were not acknowledged.
#[derive(Debug)]
pub(crate) struct ConsumeChannel(Channel);

impl ConsumeChannel {
    pub(super) fn open(io: &Arc<Io>) -> Result<Self, Fault> {
        let channel = Channel::open(io, Role::Consume(Mutex::default()))?;
        Ok(Self(channel))
    }

    /// An acknowledger for the deliveries of this channel.
    pub(crate) fn acknowledger(&self) -> Acknowledger {
        Acknowledger {
            state: self.0.state().clone(),
            io: self.0.io().clone(),
        }
    }

    /// Sets the handler of deliveries. Call it once, before the first consumer is started.
    pub(crate) fn handle_with(&self, handler: Arc<dyn DeliveryHandler>) {
        self.0.state().set_handler(handler);
    }

    /// Sets the prefetch of each consumer that is started from now on.
    pub(crate) async fn qos(&self, prefetch: u16) -> Result<(), Fault> {
        self.0.request(qos(prefetch)).await.map(drop)
    }

    /// Starts a consumer.
    pub(crate) async fn consume(
        &self,
        queue: &ShortString,
        consumer: ShortString,
        arguments: FieldTable,
    ) -> Result<(), Fault> {
        let consume = consume(queue, consumer, arguments);
        self.0.request(consume).await.map(drop)
    }

    /// Waits for the end of the channel or of one of its consumers.
    pub(crate) async fn ended(&self) -> Fault {
        self.0.state().ended().await
    }

    /// Closes the channel. When it returns, the broker has processed all acknowledgements and requeued the other
    /// deliveries.
    pub(crate) async fn close(&self) {
        self.0.close().await;
    }
}

/// A consumer to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Consumer {
    pub(crate) queue: ShortString,
    pub(crate) tag: ShortString,
    /// The most deliveries that may be unacknowledged.
    pub(crate) prefetch: u16,
}

fn qos(prefetch: u16) -> AMQPClass {
    AMQPClass::Basic(basic::AMQPMethod::Qos(basic::Qos {
        prefetch_count: prefetch,
        global: false,
    }))
}

fn consume(queue: &ShortString, consumer: ShortString, arguments: FieldTable) -> AMQPClass {
    AMQPClass::Basic(basic::AMQPMethod::Consume(basic::Consume {
        queue: queue.clone(),
        consumer_tag: consumer,
        no_local: false,
        no_ack: false,
        exclusive: false,
        nowait: false,
        arguments,
    }))
}

fn cancel(consumer: &ShortString) -> AMQPClass {
    AMQPClass::Basic(basic::AMQPMethod::Cancel(basic::Cancel {
        consumer_tag: consumer.clone(),
        nowait: false,
    }))
}

/// Acknowledges deliveries of one channel, and starts and cancels its consumers, from any thread.
#[derive(Debug)]
pub(crate) struct Acknowledger {
    state: Arc<ChannelState>,
    io: Arc<Io>,
}

impl Acknowledger {
    /// Acknowledges all deliveries up to `tag`. An error means that nothing was written.
    pub(crate) fn acknowledge(&self, tag: u64) -> Result<(), Fault> {
        let number = self.state.number();
        self.state.send(&self.io.write_queue, false, |out| {
            frames::ack(out.frames(), number, tag, true);
        })
    }

    /// Acknowledges all deliveries up to `tag`, and asks for a receipt ([`DeliveryHandler::receipt`]). An error means
    /// that nothing was written.
    ///
    /// AMQP does not confirm acknowledgements, and if one is lost, the delivery goes to another consumer. So a
    /// `channel.flow` without effect follows the acknowledgement. The broker processes both in order, and its answer
    /// to the flow is the receipt.
    pub(crate) fn acknowledge_with_receipt(&self, tag: u64) -> Result<(), Fault> {
        let number = self.state.number();
        self.state.send(&self.io.write_queue, true, |out| {
            let out = out.frames();
            frames::ack(out, number, tag, true);
            frames::flow(out, number);
        })
    }

    /// Cancels consumers, then acknowledges all deliveries up to `tag`, if given, and asks for a receipt. In this
    /// order, the acknowledgement leads to no further deliveries to these consumers. Their earlier deliveries that
    /// are not acknowledged stay with this channel. An error means that nothing was written.
    pub(crate) fn cancel_and_acknowledge(
        &self,
        consumers: &[ShortString],
        tag: Option<u64>,
    ) -> Result<(), Fault> {
        let cancels: Vec<_> = consumers.iter().map(cancel).collect();
        let names = cancels.iter().map(methods::name);
        let number = self.state.number();
        self.state
            .send_requests(&self.io.write_queue, names, |out| {
                for cancel in &cancels {
                    methods::write(out, number, cancel);
                }
                if let Some(tag) = tag {
                    frames::ack(out, number, tag, true);
                }
                frames::flow(out, number);
            })
    }

    /// Whether any request of the channel is not answered yet, such as to start or to cancel a consumer. After each
    /// answer, [`DeliveryHandler::idle`] is called.
    pub(crate) fn awaits_replies(&self) -> bool {
        self.state.awaits_replies()
    }

    /// Starts consumers. If the broker refuses one, the channel ends. An error means that nothing was written.
    pub(crate) fn start_consumers(&self, consumers: &[Consumer]) -> Result<(), Fault> {
        let requests: Vec<_> = consumers
            .iter()
            .flat_map(|consumer| {
                let Consumer {
                    queue,
                    tag,
                    prefetch,
                } = consumer;
                let consume = consume(queue, tag.clone(), FieldTable::default());
                [qos(*prefetch), consume]
            })
            .collect();
        let names = requests.iter().map(methods::name);
        let number = self.state.number();
        self.state
            .send_requests(&self.io.write_queue, names, |out| {
                for request in &requests {
                    methods::write(out, number, request);
                }
            })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::outgoing::Outgoing;
    use super::super::write_queue::Next;
    use super::*;

    /// A channel without a broker, for tests of users of an acknowledger.
    #[derive(Debug)]
    pub(crate) struct Bench {
        state: Arc<ChannelState>,
        io: Arc<Io>,
    }

    impl Bench {
        pub(crate) fn new() -> Self {
            let io = Arc::new(Io::new(None, None));
            io.channels.set_limit(0);
            let state = io.channels.add(Role::Consume(Mutex::default())).unwrap();
            Self { state, io }
        }

        pub(crate) fn acknowledger(&self) -> Acknowledger {
            Acknowledger {
                state: self.state.clone(),
                io: self.io.clone(),
            }
        }

        /// Ends the connection.
        pub(crate) fn cut(&self) {
            self.io.fail("cut");
        }

        /// The names of the methods that were written since the last call.
        pub(crate) fn written(&self) -> Vec<&'static str> {
            let mut written = Outgoing::default();
            if self.io.write_queue.take(&mut written) != Next::Frames {
                return Vec::new();
            }
            let written = written.to_vec();
            let mut names = Vec::new();
            let mut rest = &written[..];
            while let [_, _, _, s0, s1, s2, s3, payload @ ..] = rest {
                names.push(match payload[..4] {
                    [0, 20, 0, 20] => "flow",
                    [0, 60, 0, 10] => "qos",
                    [0, 60, 0, 20] => "consume",
                    [0, 60, 0, 30] => "cancel",
                    [0, 60, 0, 80] => "ack",
                    _ => panic!("{payload:?}"),
                });
                let size = u32::from_be_bytes([*s0, *s1, *s2, *s3]) as usize;
                rest = &payload[size + 1..];
            }
            names
        }

        /// Answers all requests as the broker would.
        pub(crate) fn reply(&self) {
            while self.state.awaits_replies() {
                let ok = basic::AMQPMethod::QosOk(basic::QosOk {});
                self.state.replied(AMQPClass::Basic(ok));
            }
        }

        /// The tags of the acknowledgements with a receipt that were written since the last call.
        pub(crate) fn acknowledged(&self) -> Vec<u64> {
            let mut written = Outgoing::default();
            if self.io.write_queue.take(&mut written) != Next::Frames {
                return Vec::new();
            }
            let written = written.to_vec();
            let mut tags = Vec::new();
            let mut rest = &written[..];
            while !rest.is_empty() {
                let mut frames = Vec::new();
                let tag = u64::from_be_bytes(rest[11..19].try_into().unwrap());
                frames::ack(&mut frames, self.state.number(), tag, true);
                frames::flow(&mut frames, self.state.number());
                rest = rest.strip_prefix(&frames[..]).unwrap();
                tags.push(tag);
            }
            tags
        }
    }
}
