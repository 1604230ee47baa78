//! The current and the released structures of an interface's types, as an expansion passes them.
//!
//! They are compared when the trait is compiled, so an interface that compiles can be released. The generated test
//! compares them again, only to find additions.

use std::marker::PhantomData;

use super::direction::Direction;
use crate::Version;
use crate::interface::describe::{Describe, Structure};
use crate::interface::text::same;

/// Finds the structure of a type that may not implement `Describe`: `Probe::<T>::FOUND`.
///
/// The inherent constant exists only if `T` implements `Describe`, and then it has precedence over that of
/// the trait [`NotDescribed`].
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: Describe + ?Sized> Probe<T> {
    /// The structure.
    pub const FOUND: Option<&'static Structure> = Some(T::STRUCTURE);
}

/// The fallback of [`Probe`] for types that do not implement `Describe`.
pub trait NotDescribed {
    /// `None`.
    const FOUND: Option<&'static Structure> = None;
}

impl<T: ?Sized> NotDescribed for Probe<T> {}

/// The structure of a field: `found`, or `text` if the field's type does not implement `Describe`.
#[must_use]
pub const fn known(
    found: Option<&'static Structure>,
    text: &'static Structure,
) -> &'static Structure {
    match found {
        Some(structure) => structure,
        None => text,
    }
}

/// An error whose classes are known.
pub trait Raises {
    /// The classes, as variants. It has no name if the error may have any class.
    const CLASSES: &'static Structure;
}

/// The structure of an error that may have any class.
const ANY: &Structure = &Structure::of("any error", &[]);

impl Raises for crate::Error {
    const CLASSES: &'static Structure = ANY;
}

impl Raises for crate::RemoteError {
    const CLASSES: &'static Structure = ANY;
}

/// Finds the classes of the error in a method's return type, as [`Probe`] finds a structure.
#[derive(Debug)]
pub struct Failing<R>(PhantomData<R>);

impl<T, E: Raises> Failing<Result<T, E>> {
    /// The classes.
    pub const FOUND: Option<&'static Structure> = Some(E::CLASSES);
}

/// The fallback of [`Failing`] for return types whose error has unknown classes.
pub trait NotRaised {
    /// `None`.
    const FOUND: Option<&'static Structure> = None;
}

impl<R> NotRaised for Failing<R> {}

/// The structure of a type in a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Released {
    pub(super) version: Version,
    pub(super) name: &'static str,
    pub(super) fingerprint: u64,
    pub(super) shape: &'static str,
}

impl Released {
    /// The structure that `name` has since `version`.
    #[must_use]
    pub const fn new(
        version: Version,
        name: &'static str,
        fingerprint: u64,
        shape: &'static str,
    ) -> Self {
        Self {
            version,
            name,
            fingerprint,
            shape,
        }
    }

    /// Whether this is the structure of the type, or the error, `name`.
    pub(super) const fn is_of(&self, name: &str, is_error: bool) -> bool {
        self::is_error(self.shape) == is_error && same(self.name, name)
    }
}

/// Whether the shape is that of an error. A lock keeps types and errors apart, since they may have the same
/// name.
pub(super) const fn is_error(shape: &str) -> bool {
    let (shape, start) = (shape.as_bytes(), b"raises:");
    let mut at = 0;
    while at < start.len() {
        if at == shape.len() || shape[at] != start[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The use of a type by a method.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    /// The index of the use in the interface.
    pub(super) place: usize,
    pub(super) direction: Direction,
    /// The last segment of the type's path, without generic arguments. For an error, the name of its classes in the
    /// last release.
    pub(super) written: &'static str,
    pub(super) found: Option<&'static Structure>,
    /// The first version that sends it. `None` if that version is not released.
    pub(super) since: Option<Version>,
    /// The advice for a field or variant that is added to the type: the attribute that the method needs first.
    /// Empty if it needs none.
    pub(super) advice: &'static str,
}

impl Use {
    const fn new(
        direction: Direction,
        place: usize,
        written: &'static str,
        found: Option<&'static Structure>,
        since: Version,
        advice: &'static str,
    ) -> Self {
        Self {
            place,
            direction,
            written,
            found,
            since: Some(since),
            advice,
        }
    }

    /// Marks the use as one that no release has, so that it is not compared.
    #[must_use]
    pub const fn unreleased(mut self) -> Self {
        self.since = None;
        self
    }

    /// A type that servers read.
    #[must_use]
    pub const fn argument(
        place: usize,
        written: &'static str,
        found: Option<&'static Structure>,
        since: Version,
        advice: &'static str,
    ) -> Self {
        Self::new(Direction::Argument, place, written, found, since, advice)
    }

    /// A type that clients read.
    #[must_use]
    pub const fn result(
        place: usize,
        written: &'static str,
        found: Option<&'static Structure>,
        since: Version,
        advice: &'static str,
    ) -> Self {
        Self::new(Direction::Result, place, written, found, since, advice)
    }

    /// An error that clients read. `written` is empty if its classes were not released.
    #[must_use]
    pub const fn error(
        place: usize,
        written: &'static str,
        found: Option<&'static Structure>,
        since: Version,
        advice: &'static str,
    ) -> Self {
        Self::new(Direction::Error, place, written, found, since, advice)
    }
}
