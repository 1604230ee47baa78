//! The `rabbit://` transport: the broker as oslo.messaging uses it.
//!
//! The one place that names the AMQP client. Its connections are disposable: what makes RPC (topology,
//! the reply queue, retries) is kept here and outlives them. [`driver`] puts the parts together;
//! [`connection`] keeps a [`link`] alive, for which [`dial`] reaches a host and [`connector`] shakes hands;
//! [`publisher`], [`replies`], [`listener`] and [`answers`] work over whatever link stands. All that must
//! not be held up runs on a thread of the driver's own, the [`engine`]. [`topology`], [`options`] and
//! [`backoff`] are plain values.
//!
//! lapin shakes hands, opens channels, declares, and consumes. Messages do not pass through it, nor what is said
//! of them: a connection's socket belongs to a task on the engine, its [`pump`]. Messages go out on a link's
//! [`lanes`], as [`frames`] that join lapin's in [`outbound`]. What comes is read in [`inbound`]: messages and
//! confirms go straight to who waits for them ([`deliveries`], [`confirms`]), a server's requests by way of its
//! [`session`], which takes as many as may run, and the rest is left for lapin in a [`pipe`].
//!
//! No message's content is logged here, and no password. lapin, which writes out frames at TRACE, gets to see
//! neither ([`login`]).

mod answers;
mod attempts;
mod backoff;
mod bindings;
mod confirms;
mod connection;
mod connector;
mod declare;
mod deliveries;
mod delivery;
mod dial;
mod driver;
mod engine;
mod fault;
mod fields;
mod finish;
mod frames;
mod inbound;
mod lanes;
mod lapin_stream;
mod link;
mod listener;
mod login;
mod missing_queues;
mod options;
mod outbound;
mod permits;
mod pipe;
mod port;
mod properties;
mod publisher;
mod pulse;
mod pump;
mod replies;
mod routes;
mod session;
mod shared;
mod socket;
mod steady_names;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_refusal;
mod topology;

pub(super) use driver::RabbitDriver;
