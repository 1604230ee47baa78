//! The description of an interface: what `#[rpc_client]` reads off a trait, as constants.

use std::fmt;
use std::time::Duration;

use crate::{Target, Version};

/// A trait's interface: its address, its version, its methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interface {
    name: &'static str,
    exchange: Option<&'static str>,
    topic: Option<&'static str>,
    namespace: Option<&'static str>,
    version: Version,
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

    /// The trait's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The exchange; absent means [`DEFAULT_EXCHANGE`](crate::DEFAULT_EXCHANGE).
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
            highest = highest.max_const(self.methods[index].version);
            index += 1;
        }
        highest
    }

    /// The methods, in the trait's order.
    #[must_use]
    pub const fn methods(&self) -> &'static [Method] {
        self.methods
    }

    /// The method of that name on the wire.
    #[must_use]
    pub fn method(&self, name: &str) -> Option<&'static Method> {
        self.methods.iter().find(|method| method.name == name)
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

/// One method of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    name: &'static str,
    mode: Mode,
    version: Version,
    arguments: &'static [Argument],
    returns: &'static str,
    timeout: Option<Duration>,
    monitor: Option<Duration>,
}

impl Method {
    /// A method that is called `name` on the wire.
    #[must_use]
    pub const fn new(
        name: &'static str,
        mode: Mode,
        version: Version,
        arguments: &'static [Argument],
        returns: &'static str,
    ) -> Self {
        Self {
            name,
            mode,
            version,
            arguments,
            returns,
            timeout: None,
            monitor: None,
        }
    }

    /// With a timeout of its own, in place of the client's.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// With a monitor of its own, in place of the client's.
    #[must_use]
    pub const fn with_monitor(mut self, monitor: Duration) -> Self {
        self.monitor = Some(monitor);
        self
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it is called or cast.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The version that a message for it is stamped with.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
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
    pub const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The monitor that the trait gives it.
    #[must_use]
    pub const fn monitor(&self) -> Option<Duration> {
        self.monitor
    }
}

/// How a method is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// The caller waits for the reply.
    Call,
    /// One way, to one server.
    Cast,
    /// One way, to all servers of the topic.
    Fanout,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call => "call",
            Self::Cast => "cast",
            Self::Fanout => "fanout",
        })
    }
}

/// One argument of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    name: &'static str,
    ty: &'static str,
}

impl Argument {
    /// An argument that is called `name` on the wire.
    #[must_use]
    pub const fn new(name: &'static str, ty: &'static str) -> Self {
        Self { name, ty }
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
}
