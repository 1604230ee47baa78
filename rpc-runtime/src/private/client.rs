//! What the expansion of a client calls.

use super::Args;
use crate::client::call::{Call, CallResult, Cast, CastResult, Detached, EncodeRequest};
use crate::client::versioned_args::TypedRequest;
use crate::client::{ClientBuilder, RpcClient};
use crate::interface::Interface;
use crate::transport::Transport;
use crate::{Result, Target};

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
pub fn client(transport: &Transport, target: Target) -> RpcClient {
    RpcClient::new(transport, target)
}

/// The target of an interface that has no topic of its own.
pub fn with_topic(interface: &Interface, topic: impl Into<String>) -> Target {
    Target {
        topic: topic.into(),
        ..interface.target()
    }
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
