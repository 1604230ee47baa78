//! Typed RPC over message brokers, compatible with oslo.messaging.

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
pub use rpc_macros::rpc_client;
pub use serializer::Serializer;
pub use server::{Server, ServerBuilder};
pub use target::{DEFAULT_EXCHANGE, Target};
pub use transport::{Transport, TransportUrl, UrlError};
pub use version::{ParseVersionError, Version};
