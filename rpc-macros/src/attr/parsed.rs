//! What the values of options are, once they are read.

use std::time::Duration;

use syn::{Expr, Ident, LitStr, Path};

use super::Version;

/// A name that was in use before a version.
pub(crate) struct OldName {
    pub(crate) before: Version,
    pub(crate) name: LitStr,
}

/// Where a method's timeout or monitor comes from.
pub(crate) enum Time {
    Fixed(Duration),
    /// One of the trait's `times(…)`.
    Named(Ident),
}

/// A function that computes where messages go, and the arguments that it gets.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) function: Path,
    pub(crate) arguments: Vec<Ident>,
}

/// What an argument is when it is not sent.
pub(crate) enum DefaultValue {
    /// What its type says.
    OfType,
    Is(Box<Expr>),
}

/// What becomes of an argument for servers that do not know it yet.
pub(crate) enum Below {
    Refuse,
    Drop,
    /// What this function makes of it is sent, under these names or its own.
    With {
        function: Path,
        names: Vec<LitStr>,
    },
}

/// Which refusals of the version cap a variant takes.
pub(crate) enum Refused {
    All,
    /// Those for the sake of an argument of this name.
    Argument(LitStr),
}
