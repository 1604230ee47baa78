//! The `rabbit://` transport: the broker as oslo.messaging uses it.
//!
//! The one place that names the AMQP client. Its connections are disposable: what makes RPC (topology,
//! the reply queue, retries) is kept here and outlives them. [`driver`] puts the parts together;
//! [`connection`] keeps a [`link`] alive, for which [`dial`] reaches a host and [`connector`] shakes hands;
//! [`publisher`], [`replies`], [`listener`] and [`answers`] work over whatever link stands, and messages go
//! out on its [`lanes`]. All that must not be held up runs on a thread of the driver's own, the [`engine`]. [`topology`], [`options`] and
//! [`backoff`] are plain values.
//!
//! No message's content is logged here, and no password. lapin is less careful, so it gets to see neither
//! the password ([`login`]) nor returned messages ([`returned`]); what it writes at TRACE are frames, with
//! the bodies of messages.

mod answers;
mod attempts;
mod backoff;
mod bindings;
mod connection;
mod connector;
mod declare;
mod delivery;
mod dial;
mod driver;
mod engine;
mod fault;
mod finish;
mod lanes;
mod link;
mod listener;
mod login;
mod missing_queues;
mod options;
mod publisher;
mod pulse;
mod replies;
mod returned;
mod shared;
mod socket;
mod steady_names;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_refusal;
mod topology;

pub(super) use driver::RabbitDriver;
