//! [`Optional`]: the argument type of setters whose value may be absent. Plain data.

use std::borrow::Cow;

use crate::Version;

/// The argument type of setters that accept a value, an `Option`, or `None`.
///
/// A name is given as `&str`, `String`, `&String`, `Cow<str>`, `Option<&str>` or `None`. For an
/// `Option<String>`, pass its [`as_deref`](Option::as_deref). A version is given as a [`Version`], as `(2,
/// 3)`, as `(2, 3, 1)`, as `Option<Version>` or as `None`.
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

// The only conversion from an `Option` of a name. With a second one, the type of `None` would be ambiguous.
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
