//! Constructors of an interface's description, with names that are short to keep expansions short.

use crate::interface::{Argument, Method, Mode, OldName};
use crate::version::Version;

/// A version.
pub const fn v(major: u32, minor: u32, revision: u32) -> Version {
    Version::new(major, minor).with_revision(revision)
}

/// A method that is called.
pub const fn call(name: &'static str, version: Version) -> Method {
    Method::new(name, Mode::Call, version)
}

/// A method that is cast.
pub const fn cast(name: &'static str, version: Version) -> Method {
    Method::new(name, Mode::Cast, version)
}

/// A method that is cast to all servers.
pub const fn fanout(name: &'static str, version: Version) -> Method {
    Method::new(name, Mode::Fanout, version)
}

/// A method that is called or cast.
pub const fn call_or_cast(name: &'static str, version: Version) -> Method {
    Method::new(name, Mode::CallOrCast, version)
}

/// A name that was used before `version`.
pub const fn before(version: Version, name: &'static str) -> OldName {
    OldName::new(version, name)
}

/// An argument of a method.
pub const fn arg(name: &'static str, ty: &'static str) -> Argument {
    Argument::new(name, ty)
}

/// An argument that was added in `version`.
pub const fn since(version: Version, name: &'static str, ty: &'static str) -> Argument {
    Argument::new(name, ty).with_since(version)
}
