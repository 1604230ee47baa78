//! One argument of a method: what it is called and whether it is sent at all, by version.

use serde::Serialize;

use crate::Version;

/// One argument of a method.
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
    /// An argument that is called `name` on the wire.
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

    /// Sent to servers of `version` and later alone.
    #[must_use]
    pub const fn with_since(mut self, version: Version) -> Self {
        self.since = Some(version);
        self
    }

    /// Sent to servers before `version` alone.
    #[must_use]
    pub const fn with_until(mut self, version: Version) -> Self {
        self.until = Some(version);
        self
    }

    /// With what becomes of it for servers that do not know it yet.
    #[must_use]
    pub const fn with_below(mut self, below: Below) -> Self {
        self.below = below;
        self
    }

    /// With the value that it has when it is not sent, as written in the trait.
    #[must_use]
    pub const fn with_default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// With the names that it has for older servers.
    #[must_use]
    pub const fn with_old_names(mut self, names: &'static [OldName]) -> Self {
        self.old_names = names;
        self
    }

    /// With another use than being sent.
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

    /// The names that it has for older servers; servers of today know them too.
    #[must_use]
    pub const fn old_names(&self) -> &'static [OldName] {
        self.old_names
    }

    /// The first version that knows it; absent for as long as there is the method.
    #[must_use]
    pub const fn since(&self) -> Option<Version> {
        self.since
    }

    /// The first version that knows it no more.
    #[must_use]
    pub const fn until(&self) -> Option<Version> {
        self.until
    }

    /// What becomes of it for servers that do not know it yet.
    #[must_use]
    pub const fn below(&self) -> Below {
        self.below
    }

    /// The value that it has when it is not sent, as written in the trait.
    #[must_use]
    pub const fn default(&self) -> Option<&'static str> {
        self.default
    }

    /// What it is for.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The name in a message that is stamped `version`.
    #[must_use]
    pub const fn name_in(&self, version: Version) -> &'static str {
        match OldName::in_force(self.old_names, version) {
            Some(old) => old,
            None => self.name,
        }
    }
}

/// A name that was in use before a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OldName {
    before: Version,
    name: &'static str,
}

impl OldName {
    /// The name that was in use before `version`.
    #[must_use]
    pub const fn new(before: Version, name: &'static str) -> Self {
        Self { before, name }
    }

    /// The first version that has another name.
    #[must_use]
    pub const fn before(&self) -> Version {
        self.before
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Of several, that which a message stamped `version` uses.
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

/// What becomes of an argument for servers that do not know it yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Below {
    /// Left out while it holds its default; otherwise the message is not sent.
    Refuse,
    /// Left out, whatever it holds.
    Drop,
    /// What a function makes of it is sent in its place: under these names, or under its own if there
    /// are none.
    With(&'static [&'static str]),
}

/// What an argument is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// It is sent.
    Sent,
    /// It is sent, and is how many seconds the call may take.
    Timeout,
    /// It names the server, and is not sent.
    Server,
    /// It names the topic, and is not sent.
    Topic,
    /// It is for the function that computes the route, and is not sent.
    Route,
}
