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
//! Through `tracing`: connections and refusals at `info` and `warn`, requests that failed in a handler at
//! `error`, dropped duplicates and late replies at `debug`. No event of this crate holds a password, or an
//! argument that a handler did not put into its error.
//!
//! The AMQP client is less careful: at `trace` it writes out each frame, the login with its password among
//! them, and at `warn`, under `lapin::returned_messages`, each returned message whole. Keep the target `lapin`
//! at `info` and `lapin::returned_messages` at `error` wherever logs are kept.

mod args;
mod auto_cap;
mod builder;
mod call;
mod client;
mod context;
mod endpoint;
mod error;
mod interface;
mod ladder;
mod lock;
mod maybe;
mod options;
mod remote;
mod route;
mod serializer;
mod server;
mod target;
pub mod transport;
mod version;
pub mod wire;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use args::{Args, EncodeArgs};
pub use auto_cap::AutoCap;
pub use builder::ClientBuilder;
pub use call::{Call, Cast};
pub use client::RpcClient;
pub use context::Context;
pub use endpoint::{BoxFuture, Endpoint, Invocation, Outcome, RawArgument};
pub use error::{Error, Result, Stage};
pub use interface::{Argument, Below, Interface, Method, Mode, OldName, Role, Timing};
pub use maybe::Maybe;
pub use options::{CallOptions, DEFAULT_TIMEOUT, Retry, VersionCap};
pub use remote::{IntoRemoteError, RemoteError};
pub use route::Route;
pub use rpc_macros::IntoRemoteError;
/// Makes a typed client and a server endpoint of a trait.
///
/// The attribute stands on a trait whose methods are a service's interface. For a trait `Inventory` it
/// writes, beside the trait:
///
/// - **`InventoryClient`**, cheap to clone. `new(&transport)` gives it the default settings; a trait
///   without a topic has `new(&transport, topic)`. `builder(&transport)` chooses settings first
///   ([`ClientBuilder`]). Each method of the trait is a method of the client that returns a [`Call`] or a
///   [`Cast`]: adjusted by setters, run by `.await`; code that is generic over the trait has no setters. `prepare` gives a client with other settings,
///   `can_send_version` asks the version cap, `rpc` gives the untyped [`RpcClient`].
/// - **`impl Inventory for InventoryClient`**: code that is generic over `impl Inventory` takes a client, a
///   server, a mock or a decorator.
/// - **`InventoryEndpoint<S>`**, which serves any `S: Inventory`: `InventoryEndpoint::new(service)` goes into
///   a [`Server`], beside others. Nothing but the trait's methods can be reached through it.
/// - **`InventoryClient::INTERFACE`**, a constant [`Interface`]: topic, versions, methods, arguments.
///
/// The trait itself stays, with its documentation, attributes and supertraits. Each `async fn` in it
/// becomes a function that returns a `Send` future, and the trait gets `Send + Sync` as supertraits, so
/// that servers can be spawned. It is implemented with plain `async fn`, without an attribute.
///
/// ```
/// use std::time::Duration;
///
/// use rpc_runtime::{Context, Result, Server, Transport, rpc_client};
///
/// /// The inventory service, as all teams see it.
/// #[rpc_client(topic = "inventory", version = "2.0")]
/// pub trait Inventory {
///     /// Looks a host's rack up.
///     async fn rack(&self, ctxt: &Context, host: &str) -> Result<String>;
///
///     /// Needs servers of 2.3 or later.
///     #[rpc(version = "2.3", timeout = 10)]
///     async fn hosts(&self, ctxt: &Context, racks: &[String], limit: Option<u32>) -> Result<Vec<String>>;
///
///     /// One way: done when the message has been accepted.
///     #[rpc(cast)]
///     async fn touch(&self, ctxt: &Context, host: &str) -> Result<()>;
///
///     /// One way, to every server on the topic.
///     #[rpc(cast, fanout)]
///     async fn refresh(&self, ctxt: &Context) -> Result<()>;
/// }
///
/// struct Warehouse;
///
/// impl Inventory for Warehouse {
///     async fn rack(&self, _: &Context, host: &str) -> Result<String> {
///         Ok(format!("the rack of {host}"))
///     }
///     async fn hosts(&self, _: &Context, racks: &[String], _: Option<u32>) -> Result<Vec<String>> {
///         Ok(racks.iter().map(|rack| format!("{rack}-1")).collect())
///     }
///     async fn touch(&self, _: &Context, _: &str) -> Result<()> {
///         Ok(())
///     }
///     async fn refresh(&self, _: &Context) -> Result<()> {
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let transport = Transport::new("memory://")?;
/// let server = Server::builder(&transport, "inventory", "rack-7")
///     .endpoint(InventoryEndpoint::new(Warehouse))
///     .start()
///     .await?;
///
/// let inventory = InventoryClient::new(&transport);
/// let ctxt = Context::new().with_user("alice");
/// assert_eq!(inventory.rack(&ctxt, "db-1").await?, "the rack of db-1");
/// let racks = ["a".to_owned()];
/// let hosts = inventory
///     .hosts(&ctxt, &racks, None)
///     .server("rack-7")
///     .timeout(Duration::from_secs(1))
///     .await?;
/// assert_eq!(hosts, ["a-1"]);
/// inventory.refresh(&ctxt).await?;
/// assert_eq!(InventoryClient::INTERFACE.version(), (2, 3).into());
/// server.stop().await;
/// # Ok(())
/// # }
/// ```
///
/// # Options
///
/// Of the trait, as in `#[rpc_client(topic = "inventory", version = "2.0")]`:
///
/// | option | meaning | default |
/// |---|---|---|
/// | `version = "2.0"` | The version of methods that name none; two or three numbers. | must be given |
/// | `topic = "…"` | The topic that clients send to. | given to `new` |
/// | `namespace = "…"` | The namespace of the endpoint. | none |
/// | `exchange = "…"` | The exchange to publish to. | [`DEFAULT_EXCHANGE`] |
/// | `crate = ::path` | Where this crate is to be found. | `::rpc_runtime` |
///
/// Of a method, as in `#[rpc(cast, version = "2.1")]`:
///
/// | option | meaning | default |
/// |---|---|---|
/// | `cast` | One way: nobody waits for a reply. The method returns `Result<()>`. | a call |
/// | `fanout` | Beside `cast`: to every server of the topic. | to one server |
/// | `version = "2.1"` | The version that a message is stamped with; of the trait's major. | the trait's |
/// | `timeout = 30` | How many seconds a call may take. | the client's |
/// | `monitor = 0.5` | How many seconds the server may be silent while a call runs. | the client's |
/// | `name = "…"` | The name on the wire. | the method's |
///
/// Of an argument, as in `#[rpc(name = "type")] kind: &str`:
///
/// | option | meaning | default |
/// |---|---|---|
/// | `name = "…"` | The name on the wire. | the argument's |
///
/// # Methods
///
/// A method is `async`, takes `&self`, then the request context, then its arguments, and returns a
/// `Result`. Methods with a body are *provided*: they are not sent, and compose others; the client has them
/// as it is, and an implementation may write its own. Constants must have a value. Attributes `#[cfg]`
/// and `#[deprecated]` count for the client's method too. A supertrait that is not automatic is to be
/// implemented for the client by hand.
///
/// What cannot be said here is an inherent method of your own, `impl InventoryClient { … }`, over
/// `self.rpc()`.
///
/// # Arguments
///
/// An argument's type implements serde's `Serialize` and `Deserialize`. It may be borrowed: the client
/// serialises what it borrows, the server decodes into the owned form and lends that.
///
/// | argument | decoded into |
/// |---|---|
/// | `&str`, `Option<&str>` | `String`, `Option<String>` |
/// | `&[T]`, `Option<&[T]>` | `Vec<T>`, `Option<Vec<T>>` |
/// | `&T`, `Option<&T>` | `T`, `Option<T>` |
/// | `Cow<'_, str>`, `T<'_>` | `Cow<'static, str>`, `T<'static>` |
///
/// A reference within another type, such as `&[&str]`, is refused. An `Option` that was not sent is `None`
/// on the server; anything else that was not sent, and any argument that the method has not, raises
/// Python's `TypeError` in the caller.
///
/// # Contexts
///
/// The first parameter is the request context, `&C` for any `C` that serde writes as a JSON object and
/// reads back. [`Context`] is the ready-made one, which keeps keys that it does not know. A first
/// parameter that can be none, such as `&str`, is refused; any other is taken for the context, so do not
/// forget it. Methods of one
/// trait may have different ones. That it is an object is found out when a call is made, which fails with
/// [`Error::Serialize`] if it is not.
///
/// # Errors
///
/// The return type is any `Result<T, E>`, behind any alias, where the client needs `E: From<Error>` and the
/// server `E: IntoRemoteError` ([`Error`] and [`RemoteError`] themselves are sent as they are, and [`Result`]
/// is the ready-made type). [`IntoRemoteError`] has an example of an error of one's own.
///
/// Mistakes in the trait are reported all at once, each where it is. What is right of it still expands, so
/// that code which uses the client has no errors of its own.
pub use rpc_macros::rpc_client;
pub use serializer::Serializer;
pub use server::{Server, ServerBuilder};
pub use target::{DEFAULT_EXCHANGE, Target};
pub use transport::{Transport, TransportUrl, UrlError};
pub use version::{ParseVersionError, Version};
