//! Where a message goes: oslo.messaging's target.

use std::borrow::Cow;
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
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
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

/// What setters take where there may be nothing: a value, or an `Option` of one.
///
/// A name may be given as `&str`, `String`, `&String`, `Cow<str>`, `Option<&str>` or `None`; of an `Option<String>`, pass
/// [`as_deref`](Option::as_deref). A version may be given as a [`Version`], as `(2, 3)`, as `(2, 3, 1)`, as
/// `Option<Version>` or as `None`.
///
/// ```
/// use rpc_runtime::Target;
///
/// struct Settings {
///     exchange: Option<String>,
///     host: String,
/// }
///
/// fn target(settings: &Settings) -> Target {
///     Target::new("inventory")
///         .exchange(settings.exchange.as_deref())
///         .server(&settings.host)
///         .version((2, 3))
/// }
/// # let target = target(&Settings { exchange: None, host: "rack-7".into() });
/// # assert_eq!((target.exchange, target.server.as_deref()), (None, Some("rack-7")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Optional<T>(Option<T>);

impl<T> Optional<T> {
    /// The value, if there is one.
    #[must_use]
    pub fn into_option(self) -> Option<T> {
        self.0
    }
}

impl From<&str> for Optional<String> {
    fn from(name: &str) -> Self {
        Self(Some(name.to_owned()))
    }
}

impl From<String> for Optional<String> {
    fn from(name: String) -> Self {
        Self(Some(name))
    }
}

impl From<&String> for Optional<String> {
    fn from(name: &String) -> Self {
        Self(Some(name.clone()))
    }
}

impl From<Cow<'_, str>> for Optional<String> {
    fn from(name: Cow<'_, str>) -> Self {
        Self(Some(name.into_owned()))
    }
}

// The only `Option` of a name: with another one, `None` would need a type.
impl From<Option<&str>> for Optional<String> {
    fn from(name: Option<&str>) -> Self {
        Self(name.map(str::to_owned))
    }
}

impl From<Version> for Optional<Version> {
    fn from(version: Version) -> Self {
        Self(Some(version))
    }
}

impl From<(u32, u32)> for Optional<Version> {
    fn from(version: (u32, u32)) -> Self {
        Self(Some(version.into()))
    }
}

impl From<(u32, u32, u32)> for Optional<Version> {
    fn from(version: (u32, u32, u32)) -> Self {
        Self(Some(version.into()))
    }
}

impl From<Option<Version>> for Optional<Version> {
    fn from(version: Option<Version>) -> Self {
        Self(version)
    }
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

    /// Names the exchange, or none for the default one.
    #[must_use]
    pub fn exchange(mut self, exchange: impl Into<Optional<String>>) -> Self {
        self.exchange = exchange.into().into_option();
        self
    }

    /// Names the interface's namespace, or none.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<Optional<String>>) -> Self {
        self.namespace = namespace.into().into_option();
        self
    }

    /// Stamps messages with a version, or with none.
    #[must_use]
    pub fn version(mut self, version: impl Into<Optional<Version>>) -> Self {
        self.version = version.into().into_option();
        self
    }

    /// Directs messages to one server, or to any.
    #[must_use]
    pub fn server(mut self, server: impl Into<Optional<String>>) -> Self {
        self.server = server.into().into_option();
        self
    }

    /// Directs messages to any server of the topic.
    #[must_use]
    pub fn any_server(mut self) -> Self {
        self.server = None;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_optional_takes_values_options_and_none() {
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
