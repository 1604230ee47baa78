//! Typed RPC over message brokers, compatible with oslo.messaging.
//!
//! A trait declares an interface; [`rpc_client`] makes a client and a server endpoint of it. Both go over
//! a [`Transport`]: `rabbit://`, on the wire to the letter oslo.messaging over RabbitMQ, so that either
//! end may be a Python service; or `memory://`, within one process.
//!
//! ```
//! use rpc_runtime::{Context, Result, Server, Transport, rpc_client};
//!
//! #[rpc_client(topic = "inventory", version = "2.0")]
//! trait Inventory {
//!     /// Waits for the answer.
//!     async fn size(&self, ctxt: &Context, host: &str) -> Result<u32>;
//!
//!     /// Done when the broker has the message.
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
//! - [`guide`]: pages for what one wants to do, from the first interface to a deployment.
//! - [`rpc_client`]: the reference of the attribute, with all of its options.
//! - [`client`]: typed calls, [`RpcClient`] for methods that are named at run time, settings, version caps.
//! - [`server`]: [`Server`], and what an endpoint does; [`server::UntypedEndpoint`] takes methods that no trait names.
//! - [`error`]: what can go wrong, and what crosses the wire.
//! - [`interface`]: the description of a trait, as constants.
//! - [`transport`]: the URL's grammar, and [`transport::Driver`] for a transport of your own.
//! - [`wire`]: the format of messages.
//!
//! # Features
//!
//! - `rabbit` (default): the `rabbit://` transport, over lapin.
//! - `tls` (default): `ssl=true` in its URLs, by rustls.
//! - `otel`: spans become parts of OpenTelemetry's traces, whose context goes with each message.
//! - `metrics`: calls, requests, connections and messages are counted and measured; see [`guide::metrics`].
//! - `oslo-config`: transports from oslo.messaging's own configuration files, in the module `oslo_config`.
//!
//! A crate that only declares interfaces depends on this one with `default-features = false`.
//!
//! # Logging
//!
//! Through `tracing`: connections and refusals at `info` and `warn`, requests that failed in a handler at
//! `error`, dropped duplicates and late replies at `debug`. No event of this crate holds a password, or an
//! argument that a handler did not put into its error.
//!
//! Each call and cast is within a span, and so is each request that a server handles, its handler included. All are
//! at `info`, with the target `rpc_runtime`:
//!
//! | field | value |
//! |---|---|
//! | (the name) | `call`, `cast` or `receive` |
//! | `otel.name`, `otel.kind` | `TOPIC.METHOD` and `producer`, or `METHOD receive` and `consumer` |
//! | `messaging.system` | `rabbitmq` or `memory`; of your own driver, what it says |
//! | `messaging.operation` | `call`, `cast` or `receive` |
//! | `messaging.destination.name` | the topic, where the message was sent |
//! | `messaging.message.id` | the identity by which a call's reply is known |
//! | `rpc.system`, `rpc.service`, `rpc.method` | `oslo.messaging`, the namespace, the method as the wire has it |
//! | `openstack.request_id` | the context's `request_id` |
//! | `otel.status_code`, `error.type` | after a failure: `ERROR`, and the error's class as Python knows it |
//!
//! With the feature `otel`, and a layer of `tracing-opentelemetry`, the global propagator writes a span's identity into
//! the request context (`traceparent`), where it replaces one that the caller's context came with. The server's span is
//! a child of it. oslo.messaging (`[oslo_messaging_tracing] tracing_enabled`) does the same, so that one trace goes
//! through programs of both languages.
//!
//! The AMQP client, which writes out its frames at `trace`, never gets to see a password or a message's body.

pub mod client;
mod context;
pub mod error;
mod excerpt;
mod future;
pub mod guide;
pub mod interface;
mod lossy;
mod maybe_absent;
mod metrics;
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

// What programs name. What is named now and then is in the modules above.
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
