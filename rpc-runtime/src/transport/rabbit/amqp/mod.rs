//! A connection to one broker: frames, channels, confirms and consumers.
//!
//! This module must not know about RPC, targets, replies or retries. Only this module names lapin and amq-protocol,
//! and only this module writes frames. It exports a [`Connector`], the [`Connection`]s that it makes, three kinds of
//! channel ([`PublishChannel`], [`ConsumeChannel`], [`DeclareChannel`]), names, field tables, and [`Fault`].
//!
//! # Ownership
//!
//! The I/O task owns the socket ([`io_task`]). The [`frame_router`] routes incoming frames by channel number:
//!
//! - **lapin owns channel 0.** It performs the handshake, negotiates the limits, sends heartbeats, and closes the
//!   connection. It reads from a pipe and writes to the write queue, in place of a socket.
//! - **This library owns all other channels**, from `channel.open` to `channel.close-ok` ([`channel`]). lapin does not
//!   know about them.
//!
//! So each channel has one owner. If the broker refuses a message, it closes the message's channel, and the channel's
//! owner answers; the connection stays up. Declaring on channels of lapin would have three drawbacks: channel numbers
//! would have two owners, a dropped future could leave a channel open without an owner, and lapin would log each
//! refusal as an error.
//!
//! `amq-protocol` encodes and decodes the rare methods ([`methods`]). Publishes, deliveries, acknowledgements and
//! confirms have a codec of their own ([`frames`], [`fields`], [`properties`]). It copies less. It also does not
//! recurse into headers, which a peer can nest deeply enough to overflow a parser's stack.
//!
//! No message's content and no password may be logged here. lapin is given neither ([`login`]).
//!
//! # Undocumented behaviour of lapin that this module relies on
//!
//! - lapin writes whole frames in order, after the eight bytes of the protocol header. Its first frame is
//!   `connection.start-ok` (tests of [`write_queue`] and [`login`], and every test with a broker).
//! - lapin accepts a stream that has frames of channel 0 only, and accepts a heartbeat at any time as proof that the
//!   connection is alive (tests of [`frame_router`]; `tests/faults` with heartbeats of a few seconds).
//! - lapin calls `block_on` on its own thread before it logs there (`tests/faults/tests/quiet.rs`).
//! - lapin's thread ends once its stream has ended (`tests/ledger` counts threads before and after).

mod broker_version;
mod channel;
mod channel_state;
mod channels;
mod confirm;
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
pub(super) use confirm::{Answer, Confirm, Confirmed, Failure};
pub(super) use confirms::Health;
pub(super) use connection::{Connection, RECEIPT_DEADLINE};
pub(super) use connector::{ConnectError, Connector};
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
