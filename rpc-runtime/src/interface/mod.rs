//! The description of an interface as constants, which `#[rpc_client]` generates from a trait.
//!
//! An [`Interface`] lists methods, arguments and versions. [`assert_compatible`] compares two interfaces at
//! compile time. [`Describe`] adds the structure of the types that an interface sends.
//!
//! Clients and servers read the description at run time; nothing changes it.

mod argument;
mod compatible;
mod describe;
pub(crate) mod lock;
mod method;
mod other_crates;
mod text;

pub use argument::{Argument, Below, OldName, Role};
pub use compatible::{Incompatibility, assert_compatible, compatibility};
pub use describe::{Describe, Structure, StructurePart};
pub use method::{Method, Mode, Timing};

use serde::Serialize;

use crate::{Target, Version};

/// The description of a trait's interface: its address, its version and its methods.
///
/// It implements `Serialize`, for a catalogue or a page of interfaces. The keys are the names of the
/// accessors. Later releases may add keys.
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
    /// An interface with the name `name`, whose trait declares `version`.
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

    /// Sets the exchange.
    #[must_use]
    pub const fn with_exchange(mut self, exchange: &'static str) -> Self {
        self.exchange = Some(exchange);
        self
    }

    /// Sets the topic.
    #[must_use]
    pub const fn with_topic(mut self, topic: &'static str) -> Self {
        self.topic = Some(topic);
        self
    }

    /// Sets the namespace.
    #[must_use]
    pub const fn with_namespace(mut self, namespace: &'static str) -> Self {
        self.namespace = Some(namespace);
        self
    }

    /// Sets names for versions. A version cap may be given by such a name.
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

    /// The exchange. `None` means the transport's default exchange, which is
    /// [`DEFAULT_EXCHANGE`](crate::transport::DEFAULT_EXCHANGE) unless the transport's configuration names another
    /// one.
    #[must_use]
    pub const fn exchange(&self) -> Option<&'static str> {
        self.exchange
    }

    /// The topic. `None` if servers of several topics implement the interface.
    #[must_use]
    pub const fn topic(&self) -> Option<&'static str> {
        self.topic
    }

    /// The namespace.
    #[must_use]
    pub const fn namespace(&self) -> Option<&'static str> {
        self.namespace
    }

    /// The version that the trait declares. It is the lowest stamp of a method that declares no version.
    #[must_use]
    pub const fn declared_version(&self) -> Version {
        self.version
    }

    /// The version of the whole interface: the highest stamp (the version that a message carries) of its
    /// methods' messages, or the declared version if that is higher.
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

    /// The names of versions, such as releases. A version cap may be given by such a name.
    #[must_use]
    pub const fn aliases(&self) -> &'static [(&'static str, Version)] {
        self.aliases
    }

    /// The methods, in the order of the trait.
    #[must_use]
    pub const fn methods(&self) -> &'static [Method] {
        self.methods
    }

    /// The method with the name `name` on the wire.
    #[must_use]
    pub fn method(&self, name: &str) -> Option<&'static Method> {
        self.methods.iter().find(|method| method.name() == name)
    }

    /// Whether a client with the version cap `cap` can send at least one of the methods. True if there are no methods.
    #[must_use]
    pub fn is_reachable_under(&self, cap: Version) -> bool {
        let stamped = |method: &Method| method.stamp(Some(cap)).is_some();
        self.methods.is_empty() || self.methods.iter().any(stamped)
    }

    /// The default target of the interface's clients.
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
