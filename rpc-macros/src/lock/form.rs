//! The form of an interface, as far as the other side of the wire can tell: what a lock records.
//!
//! Plain data, without syntax: the same for a trait and for a section of a lock. How a method is called in
//! Rust, whether an argument is borrowed, what only chooses the target: nothing of that is here, so that it
//! may change freely.

use crate::attr::Version;

/// An interface at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) address: Address,
    pub(crate) methods: Vec<Method>,
}

/// What an interface is called, and where its servers are.
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
    /// The version that it came with.
    pub(crate) since: Version,
    /// Versions that it lists beside those in which its form changed.
    pub(crate) changed: Vec<Version>,
    pub(crate) old_names: Vec<OldName>,
    pub(crate) arguments: Vec<Argument>,
    /// The type of what comes back; absent for nothing.
    pub(crate) returns: Option<String>,
    /// The released error whose classes are known. The trait's tokens do not tell.
    pub(crate) raises: Option<String>,
}

impl Method {
    /// Whether it had this name.
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

    /// One word, as in a lock.
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
    /// The value that it has when it is not sent, as written.
    pub(crate) default: Option<String>,
    /// The arguments that it takes the place of.
    pub(crate) replaces: Vec<String>,
    pub(crate) old_names: Vec<OldName>,
}

impl Argument {
    /// Whether a server does without it.
    pub(crate) fn is_optional(&self) -> bool {
        self.default.is_some()
            || self.ty.starts_with("Option<")
            || self.ty.starts_with("MaybeAbsent<")
    }
}

/// A name that was in use before a version.
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
    /// Takes the errors of methods from their release: of today's, only the compiler knows the classes.
    pub(crate) fn know_errors_of(&mut self, released: &Self) {
        for method in &mut self.methods {
            let is_it = |old: &&Method| old.name == method.name || method.was(&old.name);
            let old = released.methods.iter().find(is_it);
            method.raises = old.and_then(|old| old.raises.clone());
        }
    }

    /// The interface after a section of a lock.
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
