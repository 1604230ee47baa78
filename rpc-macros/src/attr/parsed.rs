//! The parsed values of options. Plain data.

use std::time::Duration;

use syn::{Expr, Ident, LitStr, Path};

use super::Version;

/// A name that was used before a version.
pub(crate) struct OldName {
    pub(crate) before: Version,
    pub(crate) name: LitStr,
}

/// The source of a method's timeout or monitor interval.
pub(crate) enum Time {
    Fixed(Duration),
    /// One of the trait's `times(…)`.
    Named(Ident),
}

/// A function that computes the destination of messages, and the names of its arguments.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) function: Path,
    pub(crate) arguments: Vec<Ident>,
}

/// The value of an argument when it is not sent.
pub(crate) enum DefaultValue {
    /// The `Default` of its type.
    OfType,
    Is(Box<Expr>),
}

/// What is sent to servers that do not have an argument yet.
pub(crate) enum Below {
    Refuse,
    Drop,
    /// The result of this function is sent, under these names or under the argument's own.
    With {
        function: Path,
        names: Vec<LitStr>,
    },
}

/// The errors of the version cap that are converted to a variant.
pub(crate) enum Refused {
    All,
    /// Only errors about the argument of this name.
    Argument(LitStr),
}
