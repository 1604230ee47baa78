//! [`Method`]: the description of one method: how it is used, and its forms in older and newer versions.
//! Constants only.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{Argument, OldName, Role};
use crate::Version;

/// The description of one method of an interface.
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
    /// A method with the name `name` on the wire, added in `version`. It has no arguments and returns
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

    /// Sets the arguments, in the order of the trait.
    #[must_use]
    pub const fn with_arguments(mut self, arguments: &'static [Argument]) -> Self {
        self.arguments = arguments;
        self
    }

    /// Sets the return type, as written in the trait.
    #[must_use]
    pub const fn with_returns(mut self, returns: &'static str) -> Self {
        self.returns = returns;
        self
    }

    /// Sets the versions in which the method's form changed, highest first.
    #[must_use]
    pub const fn with_later_versions(mut self, versions: &'static [Version]) -> Self {
        self.later_versions = versions;
        self
    }

    /// Sets the names of the method in older versions.
    #[must_use]
    pub const fn with_old_names(mut self, names: &'static [OldName]) -> Self {
        self.old_names = names;
        self
    }

    /// Sets the method's own timeout, in place of the client's.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Timing) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the method's own monitor interval, in place of the client's.
    #[must_use]
    pub const fn with_monitor(mut self, monitor: Timing) -> Self {
        self.monitor = Some(monitor);
        self
    }

    /// Sets the function that computes the route, as written in the trait.
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

    /// The names of the method in older versions. Current servers accept them, too.
    #[must_use]
    pub const fn old_names(&self) -> &'static [OldName] {
        self.old_names
    }

    /// Whether the method is called, cast, or both.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The version that added the method. It is the lowest stamp (the version that a message carries) of the
    /// method's messages.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The later versions in which the method's form changed, highest first.
    #[must_use]
    pub const fn later_versions(&self) -> &'static [Version] {
        self.later_versions
    }

    /// The highest stamp (the version that a message carries) of the method's messages.
    #[must_use]
    pub const fn highest_version(&self) -> Version {
        match self.later_versions {
            [highest, ..] => *highest,
            [] => self.version,
        }
    }

    /// The stamp (the version that a message carries) of the method's messages under the version cap `cap`:
    /// the highest of its versions that the cap allows. `None` if the cap allows none.
    #[must_use]
    pub fn stamp(&self, cap: Option<Version>) -> Option<Version> {
        let takes = |version: &Version| Version::compatible(cap, Some(*version));
        self.versions().find(takes)
    }

    /// All stamps of the method's messages, highest first.
    pub fn versions(&self) -> impl Iterator<Item = Version> + 'static {
        let later = self.later_versions.iter().copied();
        later.chain([self.version])
    }

    /// The name of the method in a message that is stamped `version`.
    #[must_use]
    pub const fn name_in(&self, version: Version) -> &'static str {
        match OldName::in_force(self.old_names, version) {
            Some(old) => old,
            None => self.name,
        }
    }

    /// The arguments, in the order of the trait, without the context.
    #[must_use]
    pub const fn arguments(&self) -> &'static [Argument] {
        self.arguments
    }

    /// The return type, as written in the trait.
    #[must_use]
    pub const fn returns(&self) -> &'static str {
        self.returns
    }

    /// The timeout that the trait declares.
    #[must_use]
    pub const fn timeout(&self) -> Option<Timing> {
        self.timeout
    }

    /// The monitor interval that the trait declares.
    #[must_use]
    pub const fn monitor(&self) -> Option<Timing> {
        self.monitor
    }

    /// Whether the arguments of a request may name its topic.
    pub(crate) fn names_topic(&self) -> bool {
        let mut arguments = self.arguments().iter();
        self.route.is_some() || arguments.any(|argument| argument.role() == Role::Topic)
    }

    /// The function that computes the route, with its arguments, as written in the trait.
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
    /// A call. A caller that needs no reply may send it as a cast.
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

/// The source of a method's timeout or monitor interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Timing {
    /// The trait declares it.
    Fixed(Duration),
    /// The client's builder may set it, under a name.
    Named {
        /// The name, as in the trait's `times(…)`.
        name: &'static str,
        /// The duration if the builder does not set it.
        default: Duration,
    },
    /// The argument with this name gives it, in seconds.
    Argument(&'static str),
}
