//! Whether servers or clients read the values of a type.

/// The use of a type in an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// An argument, which servers read.
    Argument,
    /// A result, which clients read.
    Result,
    /// An error, which clients read. A class that a client does not know becomes its variant for other
    /// errors.
    Error,
}
