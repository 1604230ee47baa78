//! The items that expansions of this crate's macros name.
//!
//! This module is not part of the public interface. It changes with the macro crate, whose version is pinned.
//! Expansions name nothing else, apart from the standard library.

#![allow(
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "only expansions call these, and they use each result"
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

// Aliases for paths that an expansion gives the span of a user's type. Under the prelude's own names, the
// lint `unused_qualifications` would report such a path.
pub use std::option::Option as Optional;
pub use std::string::String as OwnedStr;
pub use std::vec::Vec as OwnedSlice;

pub use crate::client::result_traits::{CallResult, CastResult, FromError};
pub use crate::client::versioned_args::TypedArgs as Args;
pub use crate::client::{Call, CallOptions, Cast, ClientBuilder, RpcClient};
pub use crate::future::BoxFuture;
pub use crate::interface::lock::fault::check_released;
pub use crate::interface::lock::structures::{
    Failing, NotDescribed, NotRaised, Probe, Raises, Released, Use, known,
};
pub use crate::interface::lock::{Lock, Recorded};
pub use crate::interface::{
    Argument, Below, Describe, Interface, Method, Mode, OldName, Role, Structure, StructurePart,
    Timing,
};
// Under another name: if the user imports `MaybeAbsent`, the lint `unused_qualifications` would report a path that
// ends in this name.
pub use crate::maybe_absent::MaybeAbsent as MaybeGiven;
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

/// Functions with the names of an expansion's parameters. An expansion imports them where it declares such
/// parameters.
///
/// A parameter is a pattern. If a constant or a unit struct of the same name is in scope, the pattern refers
/// to that item. An imported function hides the user's item, and a pattern never refers to a function.
pub mod parameters {
    macro_rules! functions {
        ($($name:ident)*) => {
            $(pub fn $name() {})*
        };
    }

    functions! { f namespace namespaces options request rpc scope service topic transport version }
}
