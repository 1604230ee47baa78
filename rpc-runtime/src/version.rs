//! Interface versions, and the rule that says whether two of them are compatible.
//!
//! A version is two or three numbers. The rule is `version_is_compatible` of oslo.messaging: an
//! implementation is compatible with a request of the same major version whose minor version (and, for equal
//! minor versions, revision) is not higher.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use crate::from_text::try_from_text;

/// The version of an interface, of a message, or of a cap: `major.minor` or `major.minor.revision`.
///
/// An absent revision is revision 0, so `1.2` and `1.2.0` are equal. Code writes `Version::new(2, 3)` or `(2,
/// 3)`; both are infallible. Text from configuration is parsed with [`FromStr`] or `TryFrom`.
///
/// ```
/// use rpc_runtime::Version;
///
/// let implemented = Version::new(2, 3);
/// assert!(implemented.is_compatible_with(Version::new(2, 1)));
/// assert!(!implemented.is_compatible_with((2, 4)));
/// assert_eq!("2.3".parse(), Ok(implemented));
/// ```
///
/// serde reads and writes a version as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Version {
    major: u32,
    minor: u32,
    revision: u32,
}

impl Version {
    /// The version `major.minor`.
    #[must_use]
    pub const fn new(major: u32, minor: u32) -> Self {
        Self {
            major,
            minor,
            revision: 0,
        }
    }

    /// This version with a third number.
    #[must_use]
    pub const fn with_revision(mut self, revision: u32) -> Self {
        self.revision = revision;
        self
    }

    /// The first number. Interfaces of different major versions are incompatible.
    #[must_use]
    pub const fn major(self) -> u32 {
        self.major
    }

    /// The second number. It rises with each addition to the interface.
    #[must_use]
    pub const fn minor(self) -> u32 {
        self.minor
    }

    /// The third number, 0 if absent.
    #[must_use]
    pub const fn revision(self) -> u32 {
        self.revision
    }

    /// Whether an implementation of this version accepts a message stamped `requested`. For a version cap:
    /// whether the cap allows it.
    #[must_use]
    pub fn is_compatible_with(self, requested: impl Into<Version>) -> bool {
        let requested = requested.into();
        self.major == requested.major
            && (self.minor, self.revision) >= (requested.minor, requested.revision)
    }

    /// The same rule for versions that may be absent, as in oslo.messaging. Without `implemented`, every
    /// request is compatible. With `implemented`, a request without a version is not.
    #[must_use]
    pub fn compatible(implemented: Option<Version>, requested: Option<Version>) -> bool {
        match (implemented, requested) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(implemented), Some(requested)) => implemented.is_compatible_with(requested),
        }
    }

    /// The higher of two versions. A `const fn`, unlike `Ord::max`.
    #[must_use]
    pub(crate) const fn max_const(self, other: Self) -> Self {
        if self.is_below(other) { other } else { self }
    }

    /// The operator `<` as a `const fn`.
    #[must_use]
    pub(crate) const fn is_below(self, other: Self) -> bool {
        self.major < other.major
            || (self.major == other.major
                && (self.minor < other.minor
                    || (self.minor == other.minor && self.revision < other.revision)))
    }
}

impl From<(u32, u32)> for Version {
    fn from((major, minor): (u32, u32)) -> Self {
        Self::new(major, minor)
    }
}

impl From<(u32, u32, u32)> for Version {
    fn from((major, minor, revision): (u32, u32, u32)) -> Self {
        Self::new(major, minor).with_revision(revision)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        match self.revision {
            0 => Ok(()),
            revision => write!(f, ".{revision}"),
        }
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Version {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, ParseVersionError> {
        let refuse = || ParseVersionError { text: text.into() };
        let number = |part: &str| {
            // `u32::from_str` accepts a leading "+".
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let padded = part.len() > 1 && part.starts_with('0');
            match part.parse() {
                Ok(number) if digits && !padded => Ok(number),
                _ => Err(refuse()),
            }
        };
        let mut parts = text.split('.');
        let mut next = || parts.next().map(number).transpose();
        match (next()?, next()?, next()?, next()?) {
            (Some(major), Some(minor), revision, None) => {
                Ok(Self::new(major, minor).with_revision(revision.unwrap_or(0)))
            }
            _ => Err(refuse()),
        }
    }
}

try_from_text!(Version);

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The error for text that is not a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a version: write two or three numbers, such as \"2.3\" or \"2.3.1\"")]
pub struct ParseVersionError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_two_or_three_plain_numbers_and_nothing_else() {
        assert_eq!("2.3".parse(), Ok(Version::new(2, 3)));
        assert_eq!("2.3.4".parse(), Ok(Version::new(2, 3).with_revision(4)));
        assert_eq!("0.0".parse(), Ok(Version::new(0, 0)));
        for text in [
            "",
            "2",
            "2.",
            ".3",
            "2.3.",
            "2.3.4.5",
            "+2.3",
            "-2.3",
            " 2.3",
            "2.3 ",
            "2.x",
            "02.3",
            "2.03",
            "4294967296.0",
            "２.３",
        ] {
            let error = text.parse::<Version>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn serde_and_try_from_read_versions_as_text() {
        let version = Version::new(2, 3);
        assert_eq!(Version::try_from("2.3"), Ok(version));
        assert_eq!(Version::try_from("2.3".to_owned()), Ok(version));
        assert_eq!(serde_json::to_string(&version).unwrap(), r#""2.3""#);
        assert_eq!(
            serde_json::from_str::<Version>(r#""2.3""#).unwrap(),
            version
        );
        let error = serde_json::from_str::<Version>(r#""2""#).unwrap_err();
        assert!(
            error.to_string().contains("`2` is not a version"),
            "{error}"
        );
    }

    #[test]
    fn an_absent_revision_is_zero() {
        assert_eq!("1.2.0".parse(), Ok(Version::new(1, 2)));
        assert_eq!(Version::new(1, 2).to_string(), "1.2");
        assert_eq!(Version::from((1, 2, 3)).to_string(), "1.2.3");
    }

    #[test]
    fn versions_are_ordered_numerically() {
        assert!(Version::new(1, 10) > Version::new(1, 9));
        assert!(Version::new(2, 0) > Version::new(1, 10));
        assert!(Version::new(1, 1).with_revision(1) > Version::new(1, 1));
        assert_eq!(
            Version::new(1, 9).max_const(Version::new(1, 10)),
            Version::new(1, 10)
        );
    }

    #[test]
    fn absent_versions_follow_oslo_messaging() {
        let version = Some(Version::new(1, 0));
        assert!(Version::compatible(None, None));
        assert!(Version::compatible(None, version));
        assert!(!Version::compatible(version, None));
    }
}
