//! The `rabbit://` transport: the broker as oslo.messaging uses it.
//!
//! The one place that names the AMQP client. Its connections are disposable: what makes RPC (topology,
//! the reply queue, retries) is kept here and outlives them. [`driver`] puts the parts together;
//! [`connection`] keeps a [`link`] alive, for which [`dial`] reaches a host and [`connector`] shakes hands;
//! [`publisher`], [`replies`], [`listener`] and [`answers`] work over whatever link stands. All that must
//! not be held up runs on a thread of the driver's own, the [`engine`]. [`topology`], [`options`] and
//! [`backoff`] are plain values.
//!
//! Messages go out on a link's [`lanes`]. What the broker says of them, and what it delivers, is read before
//! the AMQP client sees it ([`inbound`]), and goes from the thread that reads the socket straight to who waits
//! for it: [`confirms`], [`deliveries`].
//!
//! No message's content is logged here, and no password. lapin is less careful, so it gets to see neither
//! the password ([`login`]) nor messages that come in; what it writes at TRACE are frames, with the bodies of
//! messages that go out.

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
mod finish;
mod inbound;
mod lanes;
mod link;
mod listener;
mod login;
mod missing_queues;
mod options;
mod publisher;
mod pulse;
mod replies;
mod shared;
mod socket;
mod steady_names;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_refusal;
mod topology;

pub(super) use driver::RabbitDriver;
