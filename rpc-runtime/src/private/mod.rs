//! What expansions of `#[rpc_client]` name. Not part of the public interface: it changes with the
//! macro, whose version is pinned.

#![allow(
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "called by expansions alone, which use what they get"
)]

mod client;
mod endpoint;
mod interface;
mod remote_errors;
mod values;

pub use std::convert::{From, Into};
pub use std::default::Default;
pub use std::format;
pub use std::iter::IntoIterator;
pub use std::marker::{Send, Sized, Sync};
pub use std::option::Option;
pub use std::string::{String, ToString};
pub use std::sync::Arc;
pub use std::time::Duration;
pub use std::vec::Vec;

// By these names where the compiler sees them at the user's own types: the prelude has others of its own, and so
// a path to them is a qualification that `unused_qualifications` does not find too long.
pub use std::option::Option as Optional;
pub use std::string::String as OwnedStr;
pub use std::vec::Vec as OwnedSlice;

pub use crate::client::call::{Call, CallResult, Cast, CastResult, FromError};
pub use crate::client::versioned_args::TypedArgs as Args;
pub use crate::client::{CallOptions, ClientBuilder, RpcClient};
pub use crate::future::BoxFuture;
pub use crate::interface::lock::fault::hold;
pub use crate::interface::lock::structures::{
    Failing, NotDescribed, NotRaised, Probe, Raises, Released, Use, known,
};
pub use crate::interface::lock::{Lock, Recorded};
pub use crate::interface::{
    Argument, Below, Describe, Interface, Method, Mode, OldName, Role, Structure, StructurePart,
    Timing,
};
pub use crate::maybe_absent::MaybeAbsent;
pub use crate::server::{Endpoint, Invocation, Outcome, RawArgument, Scope};
pub use crate::transport::Transport;
pub use crate::version::Version;
pub use crate::{Error, IntoRemoteError, RemoteError, Result};

pub use self::client::{
    CallOrCast, builder, builder_with_topic, called, client, client_with_topic, of_interface, sent,
    unraw,
};
pub use self::endpoint::{EndpointInner, Handler, Incoming, Returned, Running};
pub use self::interface::{arg, before, call, call_or_cast, cast, fanout, since, v};
pub use self::remote_errors::{
    Shown, kwarg, message, positional, raised, refused, refused_for, shown, value,
};
pub use self::values::{Comparable, FromName, HasDefault, Lent, default, equals};

/// Functions that an expansion brings into scope where its parameters are called so.
///
/// A parameter is a pattern: where a constant or a unit struct of its name is in scope, it means that. A
/// function in a nearer scope hides the user's item, and no pattern means a function.
pub mod parameters {
    macro_rules! functions {
        ($($name:ident)*) => {
            $(pub fn $name() {})*
        };
    }

    functions! { f namespace namespaces options request rpc scope service topic transport version }
}
