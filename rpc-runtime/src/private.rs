//! What expansions of `#[rpc_client]` name. Not part of the public interface: it changes with the
//! macro, whose version is pinned.

pub use crate::call::{Call, Cast, EncodeRequest};
pub use crate::client::{Args, ClientBuilder, RpcClient};
pub use crate::endpoint::{BoxFuture, Endpoint, Invocation, Outcome};
pub use crate::interface::{Argument, Interface, Method, Mode};
pub use crate::options::CallOptions;
pub use crate::transport::Transport;
pub use crate::version::Version;

/// A typed client's settings, to begin with.
pub fn builder<C: From<RpcClient>>(
    transport: &Transport,
    interface: &Interface,
) -> ClientBuilder<C> {
    ClientBuilder::of(transport, interface)
}

/// A client with the default settings, of an interface that has a topic.
pub fn client(transport: &Transport, interface: &Interface) -> RpcClient {
    RpcClient::new(transport, interface.target())
}
