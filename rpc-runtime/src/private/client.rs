//! What the expansion of a client calls.

use super::Args;
use crate::Result;
use crate::client::call::{Call, CallResult, Cast, CastResult, Detached, EncodeRequest};
use crate::client::versioned_args::TypedRequest;
use crate::client::{CallOptions, ClientBuilder, RpcClient};
use crate::interface::Interface;
use crate::transport::Transport;

/// A call that may be made a cast.
pub type CallOrCast<'a, R, A> = Call<'a, R, A, true>;

/// Stands for the arguments of a method that does not compile.
pub type Nothing = fn(Args<'_>) -> Result<TypedRequest>;

/// A typed client's settings, to begin with.
pub fn builder<C: From<RpcClient>>(
    transport: &Transport,
    interface: &Interface,
) -> ClientBuilder<C> {
    ClientBuilder::of(transport, interface)
}

/// The same, of the servers of a topic.
pub fn builder_with_topic<C: From<RpcClient>>(
    transport: &Transport,
    interface: &Interface,
    topic: impl Into<String>,
) -> ClientBuilder<C> {
    ClientBuilder::of(transport, interface).topic(topic)
}

/// A client with the default settings.
pub fn client(transport: &Transport, interface: &Interface) -> RpcClient {
    RpcClient::of(transport, interface)
}

/// The same, of the servers of a topic.
pub fn client_with_topic(
    transport: &Transport,
    interface: &Interface,
    topic: impl Into<String>,
) -> RpcClient {
    RpcClient::of(transport, interface).prepare(CallOptions::new().topic(topic))
}

/// A client of the interface in place of what it was a client of.
pub fn of_interface(rpc: RpcClient, interface: &Interface) -> RpcClient {
    rpc.of_interface(interface)
}

/// Runs a call to its end.
pub fn called<R: CallResult, A: EncodeRequest, const CASTABLE: bool>(
    call: Call<'_, R, A, CASTABLE>,
) -> Detached<R> {
    call.detached()
}

/// Runs a cast to its end.
pub fn sent<R: CastResult, A: EncodeRequest>(cast: Cast<'_, R, A>) -> Detached<R> {
    cast.detached()
}

/// The name that a raw identifier stands for.
pub fn unraw(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}
