//! The description of an interface: what `#[rpc_client]` reads off a trait, as constants.
//!
//! An [`Interface`] lists methods, arguments and versions. [`assert_compatible`] compares two of them when they are
//! compiled. [`Describe`] adds the structure of the types that they send.

mod argument;
mod compatible;
mod describe;
pub(crate) mod lock;
mod method;
mod text;

pub use argument::{Argument, Below, OldName, Role};
pub use compatible::{Incompatibility, assert_compatible, compatibility};
pub use describe::{Describe, Structure, StructurePart};
pub use method::{Method, Mode, Timing};

use serde::Serialize;

use crate::{Target, Version};

/// A trait's interface: its address, its version, its methods.
///
/// Serialized, it has what its methods tell, by the names of the methods: for a catalogue of interfaces, or for a page
/// that shows them. What it says may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Interface {
    name: &'static str,
    exchange: Option<&'static str>,
    topic: Option<&'static str>,
    namespace: Option<&'static str>,
    version: Version,
    aliases: &'static [(&'static str, Version)],
    methods: &'static [Method],
}

impl Interface {
    /// An interface called `name`, whose methods belong to `version` unless they say otherwise.
    #[must_use]
    pub const fn new(name: &'static str, version: Version, methods: &'static [Method]) -> Self {
        Self {
            name,
            exchange: None,
            topic: None,
            namespace: None,
            version,
            aliases: &[],
            methods,
        }
    }

    /// With an exchange other than the default one.
    #[must_use]
    pub const fn with_exchange(mut self, exchange: &'static str) -> Self {
        self.exchange = Some(exchange);
        self
    }

    /// With a topic.
    #[must_use]
    pub const fn with_topic(mut self, topic: &'static str) -> Self {
        self.topic = Some(topic);
        self
    }

    /// With a namespace.
    #[must_use]
    pub const fn with_namespace(mut self, namespace: &'static str) -> Self {
        self.namespace = Some(namespace);
        self
    }

    /// With names for versions, which a cap may be given by.
    #[must_use]
    pub const fn with_aliases(mut self, aliases: &'static [(&'static str, Version)]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The trait's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The exchange; absent means [`DEFAULT_EXCHANGE`](crate::transport::DEFAULT_EXCHANGE).
    #[must_use]
    pub const fn exchange(&self) -> Option<&'static str> {
        self.exchange
    }

    /// The topic; absent for an interface that servers of several topics have.
    #[must_use]
    pub const fn topic(&self) -> Option<&'static str> {
        self.topic
    }

    /// The namespace.
    #[must_use]
    pub const fn namespace(&self) -> Option<&'static str> {
        self.namespace
    }

    /// The version as the trait declares it: the stamp of methods that name none.
    #[must_use]
    pub const fn declared_version(&self) -> Version {
        self.version
    }

    /// The version that an implementation of the whole interface has: the highest stamp in it.
    #[must_use]
    pub const fn version(&self) -> Version {
        let mut highest = self.version;
        let mut index = 0;
        while index < self.methods.len() {
            highest = highest.max_const(self.methods[index].highest_version());
            index += 1;
        }
        highest
    }

    /// The names of versions, such as those of releases: a cap may be given by one.
    #[must_use]
    pub const fn aliases(&self) -> &'static [(&'static str, Version)] {
        self.aliases
    }

    /// The methods, in the trait's order.
    #[must_use]
    pub const fn methods(&self) -> &'static [Method] {
        self.methods
    }

    /// The method of that name on the wire.
    #[must_use]
    pub fn method(&self, name: &str) -> Option<&'static Method> {
        self.methods.iter().find(|method| method.name() == name)
    }

    /// Whether a client that is capped at `cap` can send any of the methods, in any form.
    #[must_use]
    pub fn is_reachable_under(&self, cap: Version) -> bool {
        let stamped = |method: &Method| method.stamp(Some(cap)).is_some();
        self.methods.is_empty() || self.methods.iter().any(stamped)
    }

    /// Where its clients send to by default.
    #[must_use]
    pub fn target(&self) -> Target {
        Target {
            exchange: self.exchange.map(str::to_owned),
            topic: self.topic.unwrap_or_default().to_owned(),
            namespace: self.namespace.map(str::to_owned),
            version: Some(self.version),
            server: None,
            fanout: false,
        }
    }
}
