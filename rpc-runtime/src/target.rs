//! [`Target`]: the destination of a message, and the interface version it uses. It is oslo.messaging's
//! `Target`.
//!
//! Plain data, no I/O. Drivers turn a target into exchanges and queues.

use std::fmt;

use crate::Version;
use crate::optional::Optional;

/// The exchange of a target that names none, unless the transport's configuration names a default.
pub const DEFAULT_EXCHANGE: &str = "openstack";

/// The destination of a message, and the interface that it uses.
///
/// A topic alone addresses one of the servers that listen to it, in round-robin order. `server` addresses one
/// server by name, and `fanout` addresses all servers. `namespace` and `version` select the endpoint within a
/// server.
///
/// ```
/// use rpc_runtime::Target;
///
/// let target = Target::new("inventory").server("rack-7").version((2, 3));
/// assert_eq!(target.server.as_deref(), Some("rack-7"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Target {
    /// The exchange that the topic belongs to. Absent means the transport's default exchange, which is
    /// [`DEFAULT_EXCHANGE`] unless the transport's configuration names another one.
    pub exchange: Option<String>,
    /// The name that servers listen to.
    pub topic: String,
    /// The namespace of the interface. Absent selects endpoints without a namespace.
    pub namespace: Option<String>,
    /// The version that messages are stamped with. A server reads an absent version as 1.0.
    pub version: Option<Version>,
    /// The one server of the topic that messages go to. Absent means any server.
    pub server: Option<String>,
    /// Whether messages go to all servers of the topic. Only casts can do this.
    pub fanout: bool,
}

impl Target {
    /// A target for one of the servers of `topic`.
    #[must_use]
    pub fn new(topic: impl Into<String>) -> Self {
        Self {
            topic: topic.into(),
            ..Self::default()
        }
    }

    /// Sets the exchange. `None` means the transport's default exchange, which is [`DEFAULT_EXCHANGE`] unless
    /// the transport's configuration names another one.
    #[must_use]
    pub fn exchange(mut self, exchange: impl Into<Optional<String>>) -> Self {
        self.exchange = exchange.into().into_option();
        self
    }

    /// Sets the namespace of the interface. `None` means no namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<Optional<String>>) -> Self {
        self.namespace = namespace.into().into_option();
        self
    }

    /// Sets the version that messages are stamped with. `None` means no version.
    #[must_use]
    pub fn version(mut self, version: impl Into<Optional<Version>>) -> Self {
        self.version = version.into().into_option();
        self
    }

    /// Sets the server that messages go to. `None` means any server of the topic.
    #[must_use]
    pub fn server(mut self, server: impl Into<Optional<String>>) -> Self {
        self.server = server.into().into_option();
        self
    }

    /// Sends messages to any server of the topic.
    #[must_use]
    pub fn any_server(mut self) -> Self {
        self.server = None;
        self
    }

    /// Sets whether casts go to all servers of the topic.
    #[must_use]
    pub fn fanout(mut self, fanout: bool) -> Self {
        self.fanout = fanout;
        self
    }

    /// The exchange, or [`DEFAULT_EXCHANGE`] if none is set.
    #[must_use]
    pub fn exchange_name(&self) -> &str {
        self.exchange.as_deref().unwrap_or(DEFAULT_EXCHANGE)
    }
}

/// The target in short form: `exchange/topic`, `exchange/topic.server` or `exchange/topic (fanout)`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.exchange_name(), self.topic)?;
        match &self.server {
            _ if self.fanout => f.write_str(" (fanout)"),
            Some(server) => write!(f, ".{server}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn setters_accept_values_options_and_none() {
        let host = "rack-7".to_owned();
        let named = Target::new("t").server("rack-7");
        for target in [
            Target::new("t").server(&host),
            Target::new("t").server(host.clone()),
            Target::new("t").server(host.as_str()),
            Target::new("t").server(Some(host.as_str())),
            Target::new("t").server(Some(host.clone()).as_deref()),
            Target::new("t").server(Cow::from(&host)),
        ] {
            assert_eq!(target, named);
        }
        assert_eq!(named.clone().server(None), Target::new("t"));
        assert_eq!(named.any_server(), Target::new("t"));
        let versioned = Target::new("t").version((2, 3));
        assert_eq!(Target::new("t").version(Version::new(2, 3)), versioned);
        assert_eq!(
            Target::new("t").version(Some(Version::new(2, 3))),
            versioned
        );
        assert_eq!(versioned.version(None), Target::new("t"));
    }
}
