//! One method of an interface: how it is used, and in which forms it is sent to older and newer servers.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{Argument, OldName};
use crate::Version;

/// One method of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Method {
    name: &'static str,
    old_names: &'static [OldName],
    mode: Mode,
    version: Version,
    later_versions: &'static [Version],
    arguments: &'static [Argument],
    returns: &'static str,
    timeout: Option<Timing>,
    monitor: Option<Timing>,
    route: Option<&'static str>,
}

impl Method {
    /// A method that is called `name` on the wire and came with `version`. It takes nothing and returns
    /// nothing.
    #[must_use]
    pub const fn new(name: &'static str, mode: Mode, version: Version) -> Self {
        Self {
            name,
            old_names: &[],
            mode,
            version,
            later_versions: &[],
            arguments: &[],
            returns: "Result<()>",
            timeout: None,
            monitor: None,
            route: None,
        }
    }

    /// With arguments, in the trait's order.
    #[must_use]
    pub const fn with_arguments(mut self, arguments: &'static [Argument]) -> Self {
        self.arguments = arguments;
        self
    }

    /// With a return type, as written in the trait.
    #[must_use]
    pub const fn with_returns(mut self, returns: &'static str) -> Self {
        self.returns = returns;
        self
    }

    /// With the versions in which its form changed, the highest first.
    #[must_use]
    pub const fn with_later_versions(mut self, versions: &'static [Version]) -> Self {
        self.later_versions = versions;
        self
    }

    /// With the names that it has for older servers.
    #[must_use]
    pub const fn with_old_names(mut self, names: &'static [OldName]) -> Self {
        self.old_names = names;
        self
    }

    /// With a timeout of its own, in place of the client's.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Timing) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// With a monitor of its own, in place of the client's.
    #[must_use]
    pub const fn with_monitor(mut self, monitor: Timing) -> Self {
        self.monitor = Some(monitor);
        self
    }

    /// With a function that computes where it goes, as it is written in the trait.
    #[must_use]
    pub const fn with_route(mut self, route: &'static str) -> Self {
        self.route = Some(route);
        self
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The names that it has for older servers; servers of today know them too.
    #[must_use]
    pub const fn old_names(&self) -> &'static [OldName] {
        self.old_names
    }

    /// Whether it is called or cast.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The version that it came with, and so the lowest that a message for it is stamped with.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The versions in which its form changed since, the highest first.
    #[must_use]
    pub const fn later_versions(&self) -> &'static [Version] {
        self.later_versions
    }

    /// The highest version that a message for it is stamped with.
    #[must_use]
    pub const fn highest_version(&self) -> Version {
        match self.later_versions {
            [highest, ..] => *highest,
            [] => self.version,
        }
    }

    /// The version that a message for it is stamped with when `cap` is the highest that may be sent:
    /// the highest of its versions that an implementation of `cap` takes.
    #[must_use]
    pub fn stamp(&self, cap: Option<Version>) -> Option<Version> {
        let takes = |version: &Version| Version::compatible(cap, Some(*version));
        self.versions().find(takes)
    }

    /// All versions that messages for it are stamped with, the highest first.
    pub fn versions(&self) -> impl Iterator<Item = Version> + 'static {
        let later = self.later_versions.iter().copied();
        later.chain([self.version])
    }

    /// The name in a message that is stamped `version`.
    #[must_use]
    pub const fn name_in(&self, version: Version) -> &'static str {
        match OldName::in_force(self.old_names, version) {
            Some(old) => old,
            None => self.name,
        }
    }

    /// The arguments, in the trait's order; the context is none of them.
    #[must_use]
    pub const fn arguments(&self) -> &'static [Argument] {
        self.arguments
    }

    /// The return type, as written in the trait.
    #[must_use]
    pub const fn returns(&self) -> &'static str {
        self.returns
    }

    /// The timeout that the trait gives it.
    #[must_use]
    pub const fn timeout(&self) -> Option<Timing> {
        self.timeout
    }

    /// The monitor that the trait gives it.
    #[must_use]
    pub const fn monitor(&self) -> Option<Timing> {
        self.monitor
    }

    /// The function that computes where it goes, and the arguments that it gets, as written in the trait.
    #[must_use]
    pub const fn route(&self) -> Option<&'static str> {
        self.route
    }
}

/// How a method is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// The caller waits for the reply.
    Call,
    /// One way, to one server.
    Cast,
    /// One way, to all servers of the topic.
    Fanout,
    /// A call, which a caller who needs no reply may make a cast.
    CallOrCast,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call => "call",
            Self::Cast => "cast",
            Self::Fanout => "fanout",
            Self::CallOrCast => "call, cast",
        })
    }
}

/// Where a method has its timeout or its monitor from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Timing {
    /// The trait.
    Fixed(Duration),
    /// The client's time of that name.
    Named {
        /// The name, as in the trait's `times(…)`.
        name: &'static str,
        /// What it is if the client is built with no other.
        default: Duration,
    },
    /// The argument of that name, which says how many seconds.
    Argument(&'static str),
}
