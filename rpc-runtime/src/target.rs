//! Where a message goes: oslo.messaging's target.

use std::fmt;

use crate::Version;

/// The exchange of targets that name none.
pub const DEFAULT_EXCHANGE: &str = "openstack";

/// Where a message goes, and which interface it speaks.
///
/// A topic alone reaches one of the servers that listen to it, in turn; with `server` that one; with
/// `fanout` all of them. `namespace` and `version` say which of a server's endpoints is meant.
///
/// ```
/// use rpc_runtime::Target;
///
/// let target = Target::new("inventory").server("rack-7").version((2, 3));
/// assert_eq!(target.server.as_deref(), Some("rack-7"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Target {
    /// The scope of the topic; absent means [`DEFAULT_EXCHANGE`].
    pub exchange: Option<String>,
    /// The name that servers listen to.
    pub topic: String,
    /// The namespace of the interface; absent is the namespace of endpoints that name none.
    pub namespace: Option<String>,
    /// The version that messages are stamped with; a server takes an absent one as 1.0.
    pub version: Option<Version>,
    /// One server of the topic.
    pub server: Option<String>,
    /// All servers of the topic: for casts alone.
    pub fanout: bool,
}

impl Target {
    /// The servers of `topic`, one at a time.
    #[must_use]
    pub fn new(topic: impl Into<String>) -> Self {
        Self {
            topic: topic.into(),
            ..Self::default()
        }
    }

    /// Names the exchange.
    #[must_use]
    pub fn exchange(mut self, exchange: impl Into<String>) -> Self {
        self.exchange = Some(exchange.into());
        self
    }

    /// Names the interface's namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Stamps messages with a version.
    #[must_use]
    pub fn version(mut self, version: impl Into<Version>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Directs messages to one server.
    #[must_use]
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// Directs casts to all servers, or back to one in turn.
    #[must_use]
    pub fn fanout(mut self, fanout: bool) -> Self {
        self.fanout = fanout;
        self
    }

    /// The exchange, with the default filled in.
    #[must_use]
    pub fn exchange_name(&self) -> &str {
        self.exchange.as_deref().unwrap_or(DEFAULT_EXCHANGE)
    }
}

/// The address as operators write it: `exchange/topic`, `exchange/topic.server`, `topic (fanout)`.
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
