//! Functions and types that the expansion of a typed client uses. Each is a thin wrapper, so that an
//! expansion stays short and names nothing private to [`client`](crate::client).

use crate::client::result_traits::{CallResult, CastResult};
use crate::client::{Call, CallOptions, Cast, ClientBuilder, RpcClient};
use crate::future::BoxFuture;
use crate::interface::Interface;
use crate::transport::Transport;

/// A call that its caller may turn into a cast.
pub type CallOrCast<'a, R> = Call<'a, R, true>;

/// A builder for a typed client of `interface`.
pub fn builder<C: From<RpcClient>>(
    transport: &Transport,
    interface: &Interface,
) -> ClientBuilder<C> {
    ClientBuilder::of(transport, interface)
}

/// A builder for a typed client of `interface` on another topic.
pub fn builder_with_topic<C: From<RpcClient>>(
    transport: &Transport,
    interface: &Interface,
    topic: impl Into<String>,
) -> ClientBuilder<C> {
    ClientBuilder::of(transport, interface).topic(topic)
}

/// A client of `interface` with the default settings.
pub fn client(transport: &Transport, interface: &Interface) -> RpcClient {
    RpcClient::of(transport, interface)
}

/// A client of `interface` with the default settings, on another topic.
pub fn client_with_topic(
    transport: &Transport,
    interface: &Interface,
    topic: impl Into<String>,
) -> RpcClient {
    RpcClient::of(transport, interface).prepare(CallOptions::new().topic(topic))
}

/// Converts a client to `interface`. See `RpcClient::of_interface`.
pub fn of_interface(rpc: RpcClient, interface: &Interface) -> RpcClient {
    rpc.of_interface(interface)
}

/// The future of a call.
pub fn called<R: CallResult, const CASTABLE: bool>(
    call: Call<'_, R, CASTABLE>,
) -> BoxFuture<'static, R> {
    call.detached()
}

/// The future of a cast.
pub fn sent<R: CastResult>(cast: Cast<'_, R>) -> BoxFuture<'static, R> {
    cast.detached()
}

/// The identifier without a leading `r#`.
pub fn unraw(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}
