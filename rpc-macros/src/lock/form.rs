//! The form of an interface on the wire, which a lock records.
//!
//! Plain data without syntax, which both a trait and a section of a lock are converted to. Properties that a
//! peer cannot observe are not part of the form, so that they may change freely: names in Rust, borrows, and
//! arguments that only select the target.

use crate::attr::Version;

/// An interface at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) address: Address,
    pub(crate) methods: Vec<Method>,
}

/// The name of an interface, and the address of its servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) name: String,
    pub(crate) topic: Option<String>,
    pub(crate) exchange: Option<String>,
    pub(crate) namespace: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) mode: Mode,
    /// The version that added the method.
    pub(crate) since: Version,
    /// The versions that `versions(…)` lists and that neither an argument nor an old name mentions.
    pub(crate) changed: Vec<Version>,
    pub(crate) old_names: Vec<OldName>,
    pub(crate) arguments: Vec<Argument>,
    /// The type of the result. `None` for `()`.
    pub(crate) returns: Option<String>,
    /// The name of the released error, if its classes are recorded. It cannot be derived from the trait's
    /// tokens.
    pub(crate) raises: Option<String>,
}

impl Method {
    /// Whether `name` is one of its old names.
    pub(crate) fn was(&self, name: &str) -> bool {
        self.old_names.iter().any(|old| old.name == name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Call,
    Cast,
    Fanout,
    CallOrCast,
}

impl Mode {
    pub(crate) const ALL: [Self; 4] = [Self::Call, Self::Cast, Self::Fanout, Self::CallOrCast];

    /// The word for the mode in a lock.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Cast => "cast",
            Self::Fanout => "fanout",
            Self::CallOrCast => "call/cast",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Argument {
    pub(crate) name: String,
    /// The type of the value on the wire.
    pub(crate) ty: String,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    /// The value when it is not sent, as written in the trait.
    pub(crate) default: Option<String>,
    /// The arguments that it replaces.
    pub(crate) replaces: Vec<String>,
    pub(crate) old_names: Vec<OldName>,
}

impl Argument {
    /// Whether a server accepts a message without it.
    pub(crate) fn is_optional(&self) -> bool {
        self.default.is_some()
            || self.ty.starts_with("Option<")
            || self.ty.starts_with("MaybeAbsent<")
    }
}

/// A name that was used before a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OldName {
    pub(crate) before: Version,
    pub(crate) name: String,
}

/// The structure of a type that derives `Describe`, or the classes of an error that derives `IntoRemoteError`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Structure {
    pub(crate) name: String,
    pub(crate) fingerprint: u64,
    pub(crate) shape: String,
}

impl Interface {
    /// Copies the names of methods' errors from the last release. Only the compiler knows the classes of the
    /// current errors.
    pub(crate) fn copy_error_names_from(&mut self, released: &Self) {
        for method in &mut self.methods {
            let is_it = |old: &&Method| old.name == method.name || method.was(&old.name);
            let old = released.methods.iter().find(is_it);
            method.raises = old.and_then(|old| old.raises.clone());
        }
    }

    /// Applies a section of a lock.
    pub(crate) fn apply(&mut self, methods: &[Method]) {
        for method in methods {
            let known = |known: &&mut Method| known.name == method.name || method.was(&known.name);
            match self.methods.iter_mut().find(known) {
                Some(known) => *known = method.clone(),
                None => self.methods.push(method.clone()),
            }
        }
    }
}
