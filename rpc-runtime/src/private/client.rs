//! What the expansion of a client calls.

use crate::client::call::{Call, CallResult, Cast, CastResult};
use crate::client::{CallOptions, ClientBuilder, RpcClient};
use crate::future::BoxFuture;
use crate::interface::Interface;
use crate::transport::Transport;

/// A call that may be made a cast.
pub type CallOrCast<'a, R> = Call<'a, R, true>;

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
pub fn called<R: CallResult, const CASTABLE: bool>(
    call: Call<'_, R, CASTABLE>,
) -> BoxFuture<'static, R> {
    call.detached()
}

/// Runs a cast to its end.
pub fn sent<R: CastResult>(cast: Cast<'_, R>) -> BoxFuture<'static, R> {
    cast.detached()
}

/// The name that a raw identifier stands for.
pub fn unraw(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}
