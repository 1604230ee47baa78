//! A connection to one broker: frames in, frames out, confirms and consumers.
//!
//! This room knows nothing of RPC, targets, replies or retries. It is the only one that names lapin and
//! amq-protocol, and no other room writes a frame. It exports a [`Connector`], the [`Connection`]s that it makes,
//! three kinds of channel ([`PublishChannel`], [`ConsumeChannel`], [`DeclareChannel`]), names, field tables, and
//! [`Fault`].
//!
//! # Who owns what
//!
//! The I/O task owns the socket ([`io_task`]). The [`frame_router`] routes what it reads by channel number:
//!
//! - **Channel 0 is lapin's.** lapin performs the handshake, negotiates the limits, sends heartbeats, and closes
//!   the connection. It reads and writes through a pipe in place of a socket.
//! - **All other channels are this library's**, from `channel.open` to `channel.close-ok` ([`channel`]). lapin never
//!   hears of them.
//!
//! So no two parties keep state about one channel, and the refusal of one message cannot end the connection: the
//! broker closes the channel, the channel's owner answers, and nobody else is involved. An earlier version declared
//! exchanges and queues on channels of lapin's. It divided the numbers between two owners, a dropped future could leave
//! a channel without an owner, and lapin logged each refusal as an error. Declaring here takes no machinery of its own:
//! consumers need requests and replies anyway.
//!
//! `amq-protocol` encodes and decodes the rare methods ([`methods`]). Publishes, deliveries, acknowledgements and
//! confirms have a codec of their own ([`frames`], [`fields`], [`properties`]): it copies less, and it does not
//! recurse into headers, which a peer can nest deeply enough to overflow a parser's stack.
//!
//! No message's content is logged here, and no password. lapin is given neither ([`login`]).
//!
//! # What this room relies on beyond lapin's documentation
//!
//! - lapin writes whole frames in order, beginning with the eight bytes of the protocol header; its first frame is
//!   `connection.start-ok` (tests of [`write_queue`] and [`login`], and every test with a broker).
//! - lapin reads frames of channel 0 alone without complaint, and takes a heartbeat at any time for a sign of life
//!   (tests of [`frame_router`]; `tests/faults` with heartbeats of a few seconds).
//! - lapin calls `block_on` on its own thread before it logs there (`tests/faults/tests/quiet.rs`).
//! - lapin's thread ends once its stream has ended (`tests/ledger` counts threads before and after).

mod broker_version;
mod channel;
mod channel_state;
mod channels;
mod confirm_times;
mod confirms;
mod connection;
mod connector;
mod consume_channel;
mod declare_channel;
mod deliveries;
mod fault;
mod fields;
mod frame_router;
mod frames;
mod heartbeat;
mod io;
mod io_task;
mod lapin_pipe;
mod lapin_stream;
mod login;
mod methods;
mod outgoing;
mod properties;
mod publish_channel;
mod socket;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_refusal;
mod write_queue;

pub(super) use broker_version::BrokerVersion;
pub(super) use confirms::{Answer, Confirm, Confirmed, Failure, Health};
pub(super) use connection::{CONTROL_DEADLINE, Connection};
pub(super) use connector::{Connector, Refusal};
#[cfg(test)]
pub(super) use consume_channel::tests::Bench as AcknowledgerBench;
pub(super) use consume_channel::{Acknowledger, ConsumeChannel, Consumer};
pub(super) use declare_channel::{
    DeclareChannel, ExchangeDeclaration, ExchangeKind, QueueDeclaration,
};
pub(super) use deliveries::{Body, Delivered, DeliveryHandler};
pub(super) use fault::{Fault, own_limit};
pub(super) use frames::Publish;
pub(super) use lapin::types::{AMQPValue as FieldValue, FieldTable, ShortString as Name};
pub(super) use publish_channel::PublishChannel;
