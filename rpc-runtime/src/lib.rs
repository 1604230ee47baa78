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
//! let server = Server::builder(&transport, "inventory", "rack-7")
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
//! - Declaring interfaces: [`rpc_client`], [`IntoRemoteError`], [`Context`], [`Interface`].
//! - Calling: [`Call`] and [`Cast`] are what a client's methods return; [`CallOptions`] is
//!   oslo.messaging's `prepare`; [`RpcClient`] names methods at run time; [`Error`] says what went wrong.
//! - Serving: [`Server`], [`Endpoint`], [`RemoteError`].
//! - Carrying: [`TransportUrl`] has the grammar, [`transport::Driver`] is the seam for one of your own,
//!   [`wire`] the format.
//!
//! # Features
//!
//! - `rabbit` (default): the `rabbit://` transport, over lapin.
//! - `tls` (default): `ssl=true` in its URLs, by rustls.
//!
//! A crate that only declares interfaces depends on this one with `default-features = false`.
//!
//! # Logging
//!
//! The AMQP client logs each returned message whole, at `warn`: filter its target
//! `lapin::returned_messages`. The rest goes through `tracing`: connections and refusals at `info` and `warn`, requests that failed in a handler at
//! `error`, dropped duplicates and late replies at `debug`. No event holds a password or an argument.

mod call;
mod client;
mod context;
mod endpoint;
mod error;
mod interface;
mod options;
mod remote;
mod serializer;
mod server;
mod target;
pub mod transport;
mod version;
pub mod wire;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use call::{Call, Cast};
pub use client::{Args, ClientBuilder, EncodeArgs, RpcClient};
pub use context::Context;
pub use endpoint::{BoxFuture, Endpoint, Invocation, Outcome, RawArgument};
pub use error::{Error, Result, Stage};
pub use interface::{Argument, Interface, Method, Mode};
pub use options::{CallOptions, DEFAULT_TIMEOUT, Retry, VersionCap};
pub use remote::{IntoRemoteError, RemoteError};
pub use rpc_macros::{IntoRemoteError, rpc_client};
pub use serializer::Serializer;
pub use server::{Server, ServerBuilder};
pub use target::{DEFAULT_EXCHANGE, Target};
pub use transport::{Transport, TransportUrl, UrlError};
pub use version::{ParseVersionError, Version};
