//! Who reads the values of a type.

/// For what a type is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Servers read it.
    Argument,
    /// Clients read it.
    Result,
    /// Clients read it, and take what they do not know for another error.
    Error,
}
