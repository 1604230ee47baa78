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
//! - Declaring interfaces: [`rpc_client`], [`IntoRemoteError`], [`Describe`], [`Context`], [`Interface`];
//!   [`assert_compatible`] compares two when they are compiled.
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
//! The AMQP client, which writes out its frames at `trace`, never gets to see a password or a message's body.

mod client;
mod context;
mod error;
mod excerpt;
mod future;
mod interface;
mod maybe_absent;
mod mutex;
#[cfg(feature = "oslo-config")]
pub mod oslo_config;
mod remote;
mod serializer;
mod server;
mod target;
pub mod transport;
mod url;
mod version;
pub mod wire;

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;

pub use client::{
    Args, AutoCap, Call, CallOptions, Cast, ClientBuilder, DEFAULT_TIMEOUT, EncodeArgs, Route,
    RpcClient, VersionCap,
};
pub use context::Context;
pub use error::{Error, Result, Stage};
pub use future::BoxFuture;
pub use interface::{
    Argument, Below, Describe, Incompatibility, Interface, Method, Mode, OldName, Role, Structure,
    Timing, assert_compatible, compatibility,
};
pub use maybe_absent::Maybe;
pub use remote::{IntoRemoteError, RemoteError};
/// Makes a typed client and a server endpoint of a trait.
///
/// The attribute stands on a trait whose methods are a service's interface. For a trait `Inventory` it
/// writes, beside the trait:
///
/// - **`InventoryClient`**, cheap to clone. `new(&transport)` gives it the default settings; a trait
///   without a topic has `new(&transport, topic)`. `builder`, with the same arguments, chooses settings first
///   ([`ClientBuilder`]). Each method of the trait is a method of the client that returns a [`Call`] or a
///   [`Cast`]: adjusted by setters, run by `.await`; code that is generic over the trait has no setters, so
///   `prepare` the client first and pass that. `prepare` gives a client with other settings,
///   `can_send_version` asks the version cap, `rpc` gives the untyped [`RpcClient`].
/// - **`impl Inventory for InventoryClient`**: code that is generic over `impl Inventory` takes a client, a
///   server, a mock or a decorator.
/// - **`impl Inventory for Arc<T>`**, where `T: Inventory`: a service may be shared, as by
///   `InventoryEndpoint::new(Arc::clone(&service))`, and one state may stand behind several traits. A provided method
///   that takes or returns `Self` is the `Arc`'s own, with the body that the trait provides. Where the trait has
///   supertraits, the `Arc` must have them too.
/// - **`DynInventory`**, if the option `dyn` asks for it: `dyn DynInventory` is any implementation of the trait; see
///   [Trait objects](#trait-objects).
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
/// | `aliases(juno = "2.6", "2024.1" = "2.9")` | Names for versions, which a cap may be given by. | none |
/// | `rename_all = "camelCase"` | How the names of methods and arguments are written on the wire: in one of serde's cases. A `name` counts as it is. | as in Rust |
/// | `times(long = 1800)` | Names for times, in seconds; a client may be built with others. | none |
/// | `route = by_host(host)` | A function that computes where messages go; see [Routes](#routes). | the client's target |
/// | `lock = "rpc/inventory.lock"` | The [interface lock](#the-interface-lock): a file within the package. | none |
/// | `dyn` | There is a twin of the trait for [trait objects](#trait-objects). | none |
/// | `crate = ::path` | Where this crate is to be found. | `::rpc_runtime` |
///
/// Of a method, as in `#[rpc(cast, version = "2.1")]`:
///
/// | option | meaning | default |
/// |---|---|---|
/// | `cast` | One way: nobody waits for a reply. The method returns `Result<()>`. | a call |
/// | `fanout` | Beside `cast`: to every server of the topic. | to one server |
/// | `call, cast` | A call that may be sent one way: `client.method(…).cast().await`. | a call |
/// | `version = "2.1"` | The version that it came with; of the trait's major. | the trait's |
/// | `versions("3.0", "2.4", "2.0")` | All versions that it is sent in, the highest first; of any majors. | derived |
/// | `timeout = 30`, `timeout = long` | How many seconds a call may take, or one of the trait's `times`. | the client's |
/// | `monitor = 0.5`, `monitor = long` | How many seconds the server may be silent while a call runs. | the client's |
/// | `route = by_host(host)` | A function that computes where this method's messages go. | the trait's |
/// | `name = "…"` | The name on the wire. | the method's |
/// | `name_before("2.4", "…")` | The name for servers before a version. | none |
///
/// Of an argument, as in `#[rpc(name = "type")] kind: &str`:
///
/// | option | meaning | default |
/// |---|---|---|
/// | `name = "…"` | The name on the wire. | the argument's |
/// | `name_before("2.4", "…")` | The name for servers before a version. | none |
/// | `since = "2.4"` | The first version whose servers know it. | the method's |
/// | `until = "2.4"` | The first version whose servers know it no more. | none |
/// | `default`, `default = 4` | What it is when it is not sent: its type's `Default`, or a value as a caller would write it. | none; an `Option` is `None` |
/// | `below = refuse`, `drop`, `with(f)` | What servers before `since` get; see [Versions](#versions). | `refuse` |
/// | `from = f` | Beside `below = with(…)`, which needs it: makes the argument of what older clients send. | none |
/// | `server`, `topic` | Names the server or the topic, and is not sent. | sent |
/// | `route` | Is for the `route` function alone, and is not sent. | sent |
/// | `timeout` | Is sent, and is how many seconds the call may take. | sent |
///
/// # Versions
///
/// Servers of several versions run side by side while a deployment rolls. What a client may send is bounded by
/// its [version cap](ClientBuilder::version_cap); what it does send is derived from the trait: a method has a
/// *rung* for each version in which its form changed, and a message takes the highest that the cap allows. Its
/// stamp is that rung's version.
///
/// ```
/// use rpc_runtime::{Context, Result, rpc_client};
/// # #[derive(Clone, serde::Serialize, serde::Deserialize)] pub struct Spec { size: u32, kind: String }
///
/// #[rpc_client(topic = "inventory", version = "2.0", aliases(ash = "2.3", birch = "2.5"))]
/// pub trait Inventory {
///     async fn create(
///         &self,
///         ctxt: &Context,
///         // In each version, once under another name.
///         #[rpc(name_before("2.2", "host"))] name: &str,
///         // From 2.3 on. Below, 1 is left out, and any other number is an error that names it.
///         #[rpc(since = "2.3", default = 1)] copies: u32,
///         // From 2.4 on. Below, it is lost: by this word, and never by accident.
///         #[rpc(since = "2.4", below = drop)] hint: Option<&str>,
///         // From 2.5 on. Below, two arguments stand for it; a server makes it of them.
///         #[rpc(since = "2.5", below = with(parts, "size", "kind"), from = whole)] spec: Spec,
///         // For servers before 2.1 alone.
///         #[rpc(until = "2.1")] bus: Option<u8>,
///     ) -> Result<()>;
/// }
///
/// fn parts(spec: Spec) -> (u32, String) {
///     (spec.size, spec.kind)
/// }
///
/// fn whole(size: u32, kind: String) -> Spec {
///     Spec { size, kind }
/// }
/// ```
///
/// - *The stamp.* Under a cap of 2.4 `create` is stamped 2.4 and sends `name`, `copies`, `hint`, `size` and
///   `kind`; under 2.2 it is stamped 2.2. Without a cap it takes the highest rung. A version given to
///   [`prepare`](CallOptions::version) chooses the rung too.
/// - *Refusals.* Below `since` a value that matters is [`Error::VersionCap`], which names method, argument,
///   needed version and cap; nothing is sent. A method's own error type may map it, by `From<Error>`. Values are
///   compared by `PartialEq`.
/// - *Transformations.* `with(f)` sends what `f` makes of the argument, under the argument's own name;
///   `with(f, "a", "b")` sends the tuple that `f` returns, under those names. `f` takes the argument as it is
///   declared, and `from` takes the parts, each of a type that can be deserialised.
/// - *Several majors.* A method that lists its `versions(…)` is sent in any of them. Endpoints implement one
///   major: the highest.
/// - *On the server* the same trait takes each older message: what was not sent has its default, what has an
///   old name is known by it, newer versions are refused with `UnsupportedVersion`, and arguments that the
///   method has not, with a `TypeError` that names them.
/// - *Mistakes do not compile:* an argument that is new and has no default would break each older client; a
///   `since` that is not above the method's own version would never be looked at.
///
/// Caps are given to the builder: [`version_cap`](ClientBuilder::version_cap) takes a version or an
/// [`AutoCap`], [`version_cap_named`](ClientBuilder::version_cap_named) what an operator writes: a version, an
/// alias, or `auto`. One under which nothing could ever be sent is an error of `build`.
///
/// # Routes
///
/// A message goes to the client's target, except where its arguments say otherwise: one marked `server` or
/// `topic` names them, and a `route` function computes them from arguments and the version cap
/// ([`Route`]). What is set on a single call goes before that, and what an argument names before what a function
/// computes. A trait's `route` is for those of its methods that have the arguments which it takes.
///
/// The function gets the cap, then the arguments: references as they are, others by reference. One that knows
/// no place for a message can [refuse](Route::refuse) it. On the server
/// an argument that is not sent is the server's own name or topic; one for a `route` has its default.
///
/// # Methods
///
/// A method is `async`, takes `&self`, then the request context, then its arguments, and returns a
/// `Result`. Methods with a body are *provided*: they are not sent, and compose others; the client has them
/// as it is, and an implementation may write its own. Constants must have a value. Attributes `#[cfg]`
/// and `#[deprecated]` count for the client's method too. A supertrait that is not automatic is to be
/// implemented for the client by hand.
///
/// Another attribute on the trait that reads its methods, such as mockall's `automock`, stands below `#[rpc_client]`:
/// attributes expand from the top, and it gets the trait that this one has written.
///
/// What cannot be said here is an inherent method of your own, `impl InventoryClient { … }`, over
/// `self.rpc()`.
///
/// # Trait objects
///
/// The trait's methods return futures of a type that each implementation has of its own, so there is no
/// `dyn Inventory`. With the option `dyn` there is `dyn DynInventory`. `DynInventory` is implemented for whatever
/// implements `Inventory`: clients, services, mocks, decorators. It is never implemented by hand.
///
/// ```
/// use std::sync::Arc;
///
/// use rpc_runtime::{Context, Result, Transport, rpc_client};
///
/// #[rpc_client(topic = "inventory", version = "2.0", dyn)]
/// pub trait Inventory {
///     async fn size(&self, ctxt: &Context, host: &str) -> Result<u32>;
/// }
///
/// /// What handlers share. It is not generic over the implementation.
/// #[derive(Clone)]
/// struct State {
///     inventory: Arc<dyn DynInventory>,
/// }
///
/// async fn total(state: State, ctxt: Context) -> Result<u32> {
///     let inventory = &state.inventory;
///     Ok(inventory.size(&ctxt, "db-1").await? + inventory.size(&ctxt, "db-2").await?)
/// }
///
/// # fn main() -> Result<()> {
/// let client = InventoryClient::new(&Transport::new("memory://")?);
/// let state = State { inventory: Arc::new(client) };
/// # drop(total(state, Context::new()));
/// # Ok(())
/// # }
/// ```
///
/// - `dyn DynInventory` implements `Inventory`: bring that into scope to call its methods. Code that is generic over
///   the trait takes an `Arc<dyn DynInventory>`, or a `&dyn DynInventory` where it has `I: Inventory + ?Sized`; so does
///   the endpoint.
/// - Its futures are boxed, and `Send`. A dropped future drops the implementation's own, which cancels the call as
///   described at [`Call`]. `dyn DynInventory` is itself `Send + Sync`; do not add them.
/// - A client behind it has no setters: [`prepare`](CallOptions) the client first.
/// - Provided methods are those of the implementation, too. One that no trait object can have, as it is generic, names
///   `Self`, takes no reference to `self`, or is async and returns a borrow, must say `where Self: Sized`.
///   Constants have the values that the trait gives.
/// - The trait must not have `Clone`, `Sized` and the like among its supertraits, nor `'static`.
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
/// | `&Path`, `&OsStr`, `&CStr`, `&RawValue` | `PathBuf`, `OsString`, `CString`, `Box<RawValue>` |
/// | `Cow<'_, str>`, `T<'_>` | `Cow<'static, str>`, `T<'static>` |
///
/// What stands in an `Option` may stand in a [`Maybe`]: `Maybe<&str>`. A result is always owned. A reference within another type, such as `&[&str]`, is refused. An `Option` that was not sent is `None`
/// on the server; anything else that was not sent and has no default, and any argument that the method has
/// not, raises Python's `TypeError` in the caller. [`Maybe`] tells an argument that is absent from one that is
/// null.
///
/// A macro sees names and not types. A type whose last word is `Option` is taken for the standard library's, one
/// whose last word is `Maybe` for [`Maybe`], and `str` for the text: name a type of your own otherwise, or use it
/// under another name (`use mine::Option as Choice`). An alias of `Option<T>` is decoded as what it stands for, but
/// the macro does not know that it has the default `None`: write `#[rpc(default)]` where that counts.
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
/// # The interface lock
///
/// With `lock = "rpc/inventory.lock"` the trait is held to what was released of it. The file records each
/// release, is checked in, and is read by the compiler; there is nothing of it at run time. It is written by
/// one command, which nothing else is changed by:
///
/// ```text
/// RPC_LOCK=bless cargo test -p PACKAGE interface_lock
/// ```
///
/// Run it once to begin with, and then with each release of the interface: what has been blessed is taken to
/// run somewhere. (To take it back, restore the file.) A change since then is one of three:
///
/// - **None on the wire**: `&str` in place of `String`, another order, another context, `below`, timeouts,
///   arguments that only route, a Rust name whose `name` stays.
/// - **Additive**, in a version above the release: a method with a `version`, an argument with `since`, the end
///   of one with `until`, another name with `name_before`. It compiles. The test `…interface_lock::is_up_to_date`,
///   which the trait expands to, fails until it is blessed, so that a release is not forgotten.
/// - **Breaking**: anything else, such as an argument without `since`, another type, a method that is gone. That
///   is a compile error at the argument or the method, which says what to write, and it cannot be blessed.
///   Another major, in a trait of its own, may break with everything; both may have one lock.
///
/// A type that derives [`Describe`] is known by its structure, and held to it: a field that may be absent can
/// come with a higher version, anything else is breaking. Other types are known by their names alone.
///
/// A second test, `sends_what_each_release_accepts`, holds what clients send under the cap of each release
/// against what that release knows.
///
/// The trait is to be in a module, in a package that is tested (`cfg(test)`), and the file among those that
/// are published with it. The repository's `examples/lock` shows it all, from the first release to a breach.
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
pub use rpc_macros::{Describe, IntoRemoteError};
pub use serializer::Serializer;
pub use server::{Endpoint, Invocation, Outcome, RawArgument, Server, ServerBuilder};
pub use target::{DEFAULT_EXCHANGE, Target};
pub use transport::{DEFAULT_MAX_MESSAGE_SIZE, DEFAULT_QUEUE_WAIT, Retry, Transport};
pub use url::{TransportUrl, UrlError};
pub use version::{ParseVersionError, Version};
