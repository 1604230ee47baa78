//! Typed RPC over message brokers, compatible with oslo.messaging.
//!
//! An interface is declared as a Rust trait. The attribute [`rpc_client`] generates a typed client and a
//! server endpoint from the trait. Clients and servers exchange messages over a [`Transport`]:
//!
//! - `rabbit://` uses the same wire format as oslo.messaging over RabbitMQ. Either end may be a Python
//!   service.
//! - `memory://` stays within one process.
//!
//! ```
//! use rpc_runtime::{Context, Result, Server, Transport, rpc_client};
//!
//! #[rpc_client(topic = "inventory", version = "2.0")]
//! trait Inventory {
//!     /// A call: returns the server's reply.
//!     async fn size(&self, ctxt: &Context, host: &str) -> Result<u32>;
//!
//!     /// A cast: returns when the broker has accepted the message.
//!     #[rpc(cast)]
//!     async fn touch(&self, ctxt: &Context, host: &str) -> Result<()>;
//! }
//!
//! struct Warehouse;
//!
//! impl Inventory for Warehouse {
//!     async fn size(&self, _: &Context, host: &str) -> Result<u32> {
//!         Ok(if host == "db-1" { 16 } else { 4 })
//!     }
//!
//!     async fn touch(&self, _: &Context, _: &str) -> Result<()> {
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! let transport = Transport::new("memory://")?;
//! let server = Server::builder(&transport, "rack-7")
//!     .endpoint(InventoryEndpoint::new(Warehouse))
//!     .start()
//!     .await?;
//!
//! let inventory = InventoryClient::new(&transport);
//! let ctxt = Context::new().with_request_id("req-1");
//! assert_eq!(inventory.size(&ctxt, "db-1").await?, 16);
//! inventory.touch(&ctxt, "db-1").server("rack-7").await?;
//! server.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! - [`guide`]: pages by task, from the first interface to a deployment.
//! - [`rpc_client`]: the reference of the attribute, with all of its options.
//! - [`client`]: typed calls, the untyped [`RpcClient`] whose methods are named at run time, settings,
//!   version caps.
//! - [`server`]: [`Server`] and [`Endpoint`]; [`server::UntypedEndpoint`] handles methods that no trait
//!   declares.
//! - [`error`]: the error type, and the errors that cross the wire.
//! - [`interface`]: the description of a trait, as constants.
//! - [`transport`]: the grammar of URLs, and [`transport::Driver`] for your own transport.
//! - [`wire`]: the format of messages.
//!
//! # Features
//!
//! - `rabbit` (default): the `rabbit://` transport, over lapin.
//! - `tls` (default): TLS for `rabbit://` (`ssl=true` in the URL), over rustls.
//! - `otel`: propagates the OpenTelemetry trace context with each message.
//! - `metrics`: counts and measures calls, requests, connections and messages; see [`guide::metrics`].
//! - `oslo-config`: builds transports from oslo.messaging's configuration files, in the module `oslo_config`.
//! - `bytes`, `chrono`, `jiff`, `url`, `uuid`: implements [`Describe`] for the types of the crate of that name.
//!
//! A crate that only declares interfaces depends on this one with `default-features = false`.
//!
//! # Logging
//!
//! This crate logs through `tracing`, and each call, cast and handled request is a span: see
//! [`guide::tracing`]. No event contains a password. No event contains an argument, unless a handler or a middleware
//! puts it into an error, or into the message of a panic.

// docs.rs shows at each item which feature it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod client;
mod context;
pub mod error;
mod excerpt;
mod from_text;
mod future;
pub mod guide;
pub mod interface;
mod lossy;
mod maybe_absent;
mod metrics;
mod optional;
#[cfg(feature = "oslo-config")]
pub mod oslo_config;
mod random;
mod remote;
mod runtime;
mod serializer;
pub mod server;
mod span;
mod sync;
mod target;
pub mod transport;
mod url;
mod version;
pub mod wire;

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;

// The names that most programs need. The modules above have the rest.
pub use client::{CallOptions, Route, RpcClient};
pub use context::Context;
pub use error::{Error, Result};
pub use interface::{Describe, Interface, assert_compatible};
pub use lossy::Lossy;
pub use maybe_absent::MaybeAbsent;
pub use remote::{IntoRemoteError, RemoteError};
#[doc = include_str!("rpc_client.md")]
pub use rpc_macros::rpc_client;
pub use rpc_macros::{Describe, IntoRemoteError};
pub use serializer::Serializer;
pub use server::{Endpoint, Server};
pub use target::Target;
pub use transport::{Retry, Transport};
pub use url::TransportUrl;
pub use version::Version;
