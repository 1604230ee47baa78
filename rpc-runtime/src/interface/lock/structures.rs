//! The structures of an interface's types, beside those that were released with it.
//!
//! They are compared where the trait is compiled, and there alone: what compiles can be released.

use std::marker::PhantomData;

use super::direction::Direction;
use crate::Version;
use crate::interface::describe::{Describe, Structure};
use crate::interface::text::same;

/// Finds the structure of a type that may have none.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: Describe + ?Sized> Probe<T> {
    /// What there is.
    pub const FOUND: Option<&'static Structure> = Some(T::STRUCTURE);
}

/// What a type without a structure has. It gives way to what `Probe` has itself.
pub trait NotDescribed {
    /// Nothing.
    const FOUND: Option<&'static Structure> = None;
}

impl<T: ?Sized> NotDescribed for Probe<T> {}

/// The structure of a field whose type may have none: then it is known by its text.
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
    /// The classes, as variants; without a name for an error that may be of any.
    const CLASSES: &'static Structure;
}

/// Of any class.
const ANY: &Structure = &Structure::of("any error", &[]);

impl Raises for crate::Error {
    const CLASSES: &'static Structure = ANY;
}

impl Raises for crate::RemoteError {
    const CLASSES: &'static Structure = ANY;
}

/// Finds the classes of the error in what a method returns.
#[derive(Debug)]
pub struct Failing<R>(PhantomData<R>);

impl<T, E: Raises> Failing<Result<T, E>> {
    /// What there is.
    pub const FOUND: Option<&'static Structure> = Some(E::CLASSES);
}

/// What a return type has whose error's classes are not known. It gives way to what `Failing` has itself.
pub trait NotRaised {
    /// Nothing.
    const FOUND: Option<&'static Structure> = None;
}

impl<R> NotRaised for Failing<R> {}

/// A structure as it was released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Released {
    pub(super) version: Version,
    pub(super) name: &'static str,
    pub(super) fingerprint: u64,
    pub(super) shape: &'static str,
}

impl Released {
    /// The structure of `name` from `version` on.
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

    /// Whether a structure is known by this.
    pub(super) const fn is_of(&self, name: &str, is_error: bool) -> bool {
        self::is_error(self.shape) == is_error && same(self.name, name)
    }
}

/// A type and an error may have one name.
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

/// A type that a method sends, and how.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    /// Its place among all of them.
    pub(super) place: usize,
    pub(super) direction: Direction,
    /// Its name in the trait; that of the released classes, of an error.
    pub(super) written: &'static str,
    pub(super) found: Option<&'static Structure>,
    /// The first version that sends it; none if that is yet to be released.
    pub(super) since: Option<Version>,
    /// What to write so that something may come; empty when it is written.
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

    /// What no release has, no peer knows.
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
