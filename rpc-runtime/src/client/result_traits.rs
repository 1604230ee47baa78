//! The return types of calls and casts.
//!
//! Each bound is a trait of its own, so that the compiler's message can say what to do.

use serde::de::DeserializeOwned;
use tracing::Span;

use super::RpcClient;
use crate::Error;
use crate::interface::Method;
use crate::span;
use crate::wire::Reply;

/// The return type of a call: a `Result`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` must be a `Result`, as a call can always fail",
    label = "not a `Result`",
    note = "return `rpc_runtime::Result<…>`, or a `Result` whose error is `From<rpc_runtime::Error>`"
)]
pub trait CallResult: Sized {
    type Error: FromError;

    fn of(
        client: &RpcClient,
        method: &'static Method,
        reply: crate::Result<Reply>,
        span: Option<&Span>,
    ) -> Self;
}

impl<T: DeserializeOwned, E: FromError> CallResult for Result<T, E> {
    type Error = E;

    fn of(
        client: &RpcClient,
        method: &'static Method,
        reply: crate::Result<Reply>,
        span: Option<&Span>,
    ) -> Self {
        let result = span::in_scope(span, || reply.and_then(|reply| client.decode(reply)));
        let result = result.map_err(|error| error.of_method(method.name()));
        span::sent(span, &result);
        result.map_err(E::from_error)
    }
}

/// The return type of a cast: a `Result<(), _>`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` must be a `Result` of nothing, as a cast waits for no reply",
    label = "not a `Result<()>`",
    note = "return `rpc_runtime::Result<()>`, or a `Result<(), _>` whose error is `From<rpc_runtime::Error>`",
    note = "a method that returns a value must be a call: remove `cast`"
)]
pub trait CastResult: Sized {
    fn of(method: &'static Method, sent: crate::Result<()>, span: Option<&Span>) -> Self;
}

impl<E: FromError> CastResult for Result<(), E> {
    fn of(method: &'static Method, sent: crate::Result<()>, span: Option<&Span>) -> Self {
        let sent = sent.map_err(|error| error.of_method(method.name()));
        span::sent(span, &sent);
        sent.map_err(E::from_error)
    }
}

/// An error type that implements `From<Error>`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` must implement `From<rpc_runtime::Error>`, since a call can fail without reaching a server",
    label = "no `From<rpc_runtime::Error>` for `{Self}`",
    note = "derive `rpc_runtime::IntoRemoteError` on an enum with a variant `#[rpc(other)] Other(rpc_runtime::Error)`, which makes both conversions",
    note = "or return `rpc_runtime::Result`"
)]
pub trait FromError {
    fn from_error(error: Error) -> Self;
}

// Without this, the compiler's message is about `From` instead of `FromError`.
#[diagnostic::do_not_recommend]
impl<E: From<Error>> FromError for E {
    fn from_error(error: Error) -> Self {
        error.into()
    }
}
