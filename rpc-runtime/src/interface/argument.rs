//! [`Argument`]: the description of one argument: its name, its type, and in which versions it is sent.
//! Constants only.

use serde::Serialize;

use crate::Version;

/// The description of one argument of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Argument {
    name: &'static str,
    ty: &'static str,
    old_names: &'static [OldName],
    since: Option<Version>,
    until: Option<Version>,
    below: Below,
    default: Option<&'static str>,
    role: Role,
}

impl Argument {
    /// An argument with the name `name` on the wire. `ty` is its type, as written in the trait.
    #[must_use]
    pub const fn new(name: &'static str, ty: &'static str) -> Self {
        Self {
            name,
            ty,
            old_names: &[],
            since: None,
            until: None,
            below: Below::Refuse,
            default: None,
            role: Role::Sent,
        }
    }

    /// Sets the first version that has the argument.
    #[must_use]
    pub const fn with_since(mut self, version: Version) -> Self {
        self.since = Some(version);
        self
    }

    /// Sets the first version that no longer has the argument.
    #[must_use]
    pub const fn with_until(mut self, version: Version) -> Self {
        self.until = Some(version);
        self
    }

    /// Sets what is sent to servers that do not have the argument yet.
    #[must_use]
    pub const fn with_below(mut self, below: Below) -> Self {
        self.below = below;
        self
    }

    /// Sets the value of the argument when it is not sent, as written in the trait.
    #[must_use]
    pub const fn with_default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// Sets the names of the argument in older versions.
    #[must_use]
    pub const fn with_old_names(mut self, names: &'static [OldName]) -> Self {
        self.old_names = names;
        self
    }

    /// Sets what the argument is used for.
    #[must_use]
    pub const fn with_role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The type, as written in the trait.
    #[must_use]
    pub const fn ty(&self) -> &'static str {
        self.ty
    }

    /// The names of the argument in older versions. Current servers accept them, too.
    #[must_use]
    pub const fn old_names(&self) -> &'static [OldName] {
        self.old_names
    }

    /// The first version that has the argument. `None` if the method always had it.
    #[must_use]
    pub const fn since(&self) -> Option<Version> {
        self.since
    }

    /// The first version that no longer has the argument.
    #[must_use]
    pub const fn until(&self) -> Option<Version> {
        self.until
    }

    /// What is sent to servers that do not have the argument yet.
    #[must_use]
    pub const fn below(&self) -> Below {
        self.below
    }

    /// The value of the argument when it is not sent, as written in the trait.
    #[must_use]
    pub const fn default(&self) -> Option<&'static str> {
        self.default
    }

    /// What the argument is used for.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The name of the argument in a message that is stamped `version`.
    #[must_use]
    pub const fn name_in(&self, version: Version) -> &'static str {
        match OldName::in_force(self.old_names, version) {
            Some(old) => old,
            None => self.name,
        }
    }
}

/// A name that was used before a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OldName {
    before: Version,
    name: &'static str,
}

impl OldName {
    /// The name that was used before `version`.
    #[must_use]
    pub const fn new(before: Version, name: &'static str) -> Self {
        Self { before, name }
    }

    /// The first version with another name.
    #[must_use]
    pub const fn before(&self) -> Version {
        self.before
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The old name that a message stamped `version` uses, if it uses one.
    pub(super) const fn in_force(names: &[OldName], version: Version) -> Option<&'static str> {
        let mut earliest: Option<&OldName> = None;
        let mut index = 0;
        while index < names.len() {
            let old = &names[index];
            if version.is_below(old.before) {
                earliest = match earliest {
                    Some(other) if !old.before.is_below(other.before) => Some(other),
                    _ => Some(old),
                };
            }
            index += 1;
        }
        match earliest {
            Some(old) => Some(old.name),
            None => None,
        }
    }
}

/// What is sent to servers that do not have an argument yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Below {
    /// The argument is left out if it has its default. Otherwise the message is refused with
    /// [`Error::VersionCap`](crate::Error::VersionCap).
    Refuse,
    /// The argument is left out, whatever its value.
    Drop,
    /// The result of a function is sent instead: under these names, or under the argument's own name if the list is
    /// empty. An argument that has its default is left out.
    With(&'static [&'static str]),
}

/// What an argument is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// It is sent.
    Sent,
    /// It is sent, and is also the timeout of the call in seconds.
    Timeout,
    /// It names the server that the message goes to, and is not sent.
    Server,
    /// It names the topic that the message goes to, and is not sent.
    Topic,
    /// It is passed to the function that computes the route, and is not sent.
    Route,
}
