//! Transport URLs: `driver://[user:password@]host[:port][,…]/virtual_host?option=value`.
//!
//! This module knows only the grammar; a driver interprets the options. No password may leave this module except
//! through [`Secret::expose`]: errors do not quote the URL's text, and `Debug` and `Display` hide passwords.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;

use crate::from_text::try_from_text;

/// A parsed transport URL, in oslo.messaging's grammar.
///
/// Several hosts are separated by commas; each has its own credentials. User, password, virtual host and
/// option values are percent-decoded. IPv6 addresses are written in brackets. `Debug` and `Display` show
/// `***` for each password.
///
/// ```
/// use rpc_runtime::TransportUrl;
///
/// let url: TransportUrl = "rabbit://nova:p%40ss@rabbit-1:5671,nova:p%40ss@[::1]/cell?ssl=true".parse()?;
/// assert_eq!(url.hosts()[0].password.as_ref().map(|password| password.expose()), Some("p@ss"));
/// assert_eq!(url.hosts()[1].name, "::1");
/// assert_eq!(url.virtual_host(), Some("cell"));
/// assert_eq!(url.to_string(), "rabbit://nova:***@rabbit-1:5671,nova:***@[::1]/cell?ssl=true");
/// # Ok::<(), rpc_runtime::error::UrlError>(())
/// ```
///
/// It implements `Deserialize`, from text. It does not implement `Serialize`, because a configuration that is
/// written out would contain the passwords.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TransportUrl {
    driver: String,
    hosts: Vec<Host>,
    virtual_host: Option<String>,
    options: Vec<(String, String)>,
}

/// One host of a transport URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Host {
    /// The name or address; an IPv6 address without its brackets.
    pub name: String,
    /// The port, if the URL has one.
    pub port: Option<u16>,
    /// The user, if the URL has one.
    pub user: Option<String>,
    /// The password, if the URL has one.
    pub password: Option<Secret>,
}

/// A secret text. `Debug` and `Display` print `***`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl TransportUrl {
    /// The driver's name: the text before `://`, in lower case.
    #[must_use]
    pub fn driver(&self) -> &str {
        &self.driver
    }

    /// The hosts, in the order of the URL.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The virtual host. `None` if nothing follows the slash after the hosts.
    #[must_use]
    pub fn virtual_host(&self) -> Option<&str> {
        self.virtual_host.as_deref()
    }

    /// The options after the question mark, in the order of the URL.
    #[must_use]
    pub fn options(&self) -> &[(String, String)] {
        &self.options
    }

    /// Adds an option, unless the URL has an option of that name.
    #[cfg(feature = "oslo-config")]
    pub(crate) fn set_default(&mut self, name: &str, value: String) {
        if !self.has_option(name) {
            self.options.push((name.to_owned(), value));
        }
    }

    /// Whether the driver is RabbitMQ's.
    #[cfg(feature = "oslo-config")]
    pub(crate) fn is_rabbit(&self) -> bool {
        matches!(self.driver(), "rabbit" | "kombu")
    }

    #[cfg(feature = "oslo-config")]
    pub(crate) fn has_option(&self, name: &str) -> bool {
        self.options.iter().any(|(known, _)| known == name)
    }
}

/// The error for a transport URL that cannot be used. It quotes no part of the URL that may contain a
/// password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// There is no `://`, or the text before it is not the name of a driver. The text is not quoted, because
    /// it may contain a password.
    #[error("the transport URL has no driver: begin it with `rabbit://` or `memory://`")]
    NoDriver,
    /// The driver does not exist, or this build does not include it.
    #[error("the transport URL's driver `{0}` is unknown: use {1}")]
    UnknownDriver(String, &'static str),
    /// One of the hosts has no name.
    #[error("host {0} of the transport URL has no name: write `[user:password@]host[:port]`")]
    NoHostName(usize),
    /// A host's port is not a number from 1 to 65535. Often, it is the beginning of a password that contains
    /// a delimiter.
    #[error(
        "host {0} of the transport URL has a bad port: ports are 1 to 65535 (and in a password \
         write `%2F` for `/`, `%3F` for `?`, `%2C` for `,`, `%23` for `#`)"
    )]
    BadPort(usize),
    /// There is an `@` after the hosts. Usually, a `/` or `?` before it belongs to a password.
    #[error(
        "the transport URL has an `@` after its hosts: in a user or password write `%2F` for \
         `/` and `%3F` for `?`, elsewhere `%40` for `@`"
    )]
    StrayAt,
    /// An IPv6 address lacks its closing bracket, or something other than a port follows it.
    #[error("host {0} of the transport URL has unbalanced brackets: write IPv6 as `[::1]:5672`")]
    BadBrackets(usize),
    /// An IPv6 address is not in brackets.
    #[error("host {0} of the transport URL has several colons: write IPv6 as `[::1]:5672`")]
    BareIpv6(usize),
    /// Percent-encoded bytes are not UTF-8.
    #[error("the {0} in the transport URL is not UTF-8 once percent-decoded")]
    NotUtf8(&'static str),
    /// The URL has a fragment (`#…`).
    #[error("the transport URL has a fragment: write `%23` for `#` in a user, password or option")]
    Fragment,
    /// The driver does not know an option.
    #[error("the transport URL's option `{0}` is unknown to this driver{1}")]
    UnknownOption(String, String),
    /// The driver cannot use the value of an option.
    #[error("the transport URL's option `{name}` cannot be `{value}`: {reason}")]
    BadOption {
        /// The option's name.
        name: String,
        /// The option's value.
        value: String,
        /// Which values the option accepts.
        reason: String,
    },
    /// Options or parts of the URL contradict each other.
    #[error("the transport URL cannot be used: {0}")]
    Conflict(String),
}

impl UrlError {
    pub(crate) fn unknown_driver(driver: &str) -> Self {
        let known = if cfg!(feature = "rabbit") {
            "`rabbit`, or `memory` within one process"
        } else if matches!(driver, "rabbit" | "kombu") {
            "`memory`, or build rpc-runtime with its feature `rabbit`"
        } else {
            "`memory`"
        };
        Self::UnknownDriver(driver.into(), known)
    }
}

impl FromStr for TransportUrl {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        let (driver, rest) = url.trim().split_once("://").ok_or(UrlError::NoDriver)?;
        if !is_driver(driver) {
            return Err(UrlError::NoDriver);
        }
        if rest.contains('#') {
            return Err(UrlError::Fragment);
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (network, path) = rest.split_once('/').unwrap_or((rest, ""));
        if path.contains('@') || query.contains('@') {
            return Err(UrlError::StrayAt);
        }
        let hosts = match network {
            "" => Vec::new(),
            hosts => hosts
                .split(',')
                .enumerate()
                .map(|(index, host)| parse_host(index + 1, host))
                .collect::<Result<_, _>>()?,
        };
        let options = query
            .split('&')
            .filter(|option| !option.is_empty())
            .map(|option| {
                let (name, value) = option.split_once('=').unwrap_or((option, ""));
                let value = decode("option value", &value.replace('+', " "))?;
                Ok((decode("option name", name)?, value))
            })
            .collect::<Result<_, _>>()?;
        let virtual_host = match path {
            "" => None,
            path => Some(decode("virtual host", path)?),
        };
        Ok(Self {
            driver: driver.to_ascii_lowercase(),
            hosts,
            virtual_host,
            options,
        })
    }
}

try_from_text!(TransportUrl);

/// Whether the text is a scheme, as RFC 3986 defines it.
fn is_driver(text: &str) -> bool {
    let first = text.bytes().next();
    first.is_some_and(|first| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Parses one host. Errors name it by its position, because its text may contain a password.
fn parse_host(place: usize, text: &str) -> Result<Host, UrlError> {
    // The last `@` ends the credentials, because SASL user names may contain one.
    let (credentials, address) = match text.rsplit_once('@') {
        Some((credentials, address)) => (Some(credentials), address),
        None => (None, text),
    };
    let (user, password) = match credentials {
        None => (None, None),
        Some(credentials) => {
            let (user, password) = match credentials.split_once(':') {
                Some((user, password)) => (user, Some(decode("password", password)?)),
                None => (credentials, None),
            };
            (Some(decode("user", user)?), password)
        }
    };
    let (name, port) = if let Some(rest) = address.strip_prefix('[') {
        let (name, rest) = rest.split_once(']').ok_or(UrlError::BadBrackets(place))?;
        match rest.strip_prefix(':') {
            Some(port) => (name, Some(port)),
            None if rest.is_empty() => (name, None),
            None => return Err(UrlError::BadBrackets(place)),
        }
    } else {
        match address.split_once(':') {
            Some((_, port)) if port.contains(':') => return Err(UrlError::BareIpv6(place)),
            Some((name, port)) => (name, Some(port)),
            None => (address, None),
        }
    };
    if name.is_empty() {
        return Err(UrlError::NoHostName(place));
    }
    if name.contains(['[', ']']) {
        return Err(UrlError::BadBrackets(place));
    }
    let port = port
        .map(|port| match port.parse() {
            Ok(number) if number > 0 && !port.starts_with('+') => Ok(number),
            _ => Err(UrlError::BadPort(place)),
        })
        .transpose()?;
    Ok(Host {
        name: name.to_owned(),
        port,
        user,
        password: password.map(Secret),
    })
}

fn decode(what: &'static str, text: &str) -> Result<String, UrlError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(Into::into)
        .map_err(|_| UrlError::NotUtf8(what))
}

/// The characters to encode in virtual hosts and options.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// The characters to encode in a user. A slash is among them, because it would end the hosts.
const ENCODED_USER: &AsciiSet = &ENCODED.add(b'/');

impl fmt::Display for TransportUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encode = |text| utf8_percent_encode(text, ENCODED);
        write!(f, "{}://", self.driver)?;
        for (index, host) in self.hosts.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{host}")?;
        }
        f.write_str("/")?;
        if let Some(virtual_host) = &self.virtual_host {
            write!(f, "{}", encode(virtual_host))?;
        }
        for (index, (name, value)) in self.options.iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            let value = if is_secret(name) { "***" } else { value };
            write!(f, "{separator}{}={}", encode(name), encode(value))?;
        }
        Ok(())
    }
}

/// Whether an option's value is secret.
fn is_secret(option: &str) -> bool {
    option.contains("password")
}

impl fmt::Debug for TransportUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The host as it is written in a URL, with `***` for the password.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{}", utf8_percent_encode(user, ENCODED_USER))?;
        }
        if self.password.is_some() {
            f.write_str(":***")?;
        }
        if self.user.is_some() || self.password.is_some() {
            f.write_str("@")?;
        }
        if self.name.contains(':') {
            write!(f, "[{}]", self.name)?;
        } else {
            f.write_str(&self.name)?;
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<TransportUrl, UrlError> {
        url.parse()
    }

    #[test]
    fn display_encodes_a_slash_in_a_user() {
        let url: TransportUrl = "rabbit://a%2Fb:p@h/".parse().unwrap();
        assert_eq!(url.hosts()[0].user.as_deref(), Some("a/b"));
        assert_eq!(url.to_string(), "rabbit://a%2Fb:***@h/");
    }

    #[test]
    fn reads_hosts_credentials_virtual_host_and_options() {
        let url = parse("rabbit://a%40b:p%2Fw@h1:1,u2:@h2,h3:3/v%2Fh?x=1&y=a%20b+c&z").unwrap();
        let [first, second, third] = url.hosts() else {
            panic!("{url:?}")
        };
        assert_eq!(first.user.as_deref(), Some("a@b"));
        assert_eq!(first.password.as_ref().unwrap().expose(), "p/w");
        assert_eq!((first.name.as_str(), first.port), ("h1", Some(1)));
        assert_eq!(second.password.as_ref().unwrap().expose(), "");
        assert_eq!((second.name.as_str(), second.port), ("h2", None));
        assert_eq!((third.user.as_ref(), third.port), (None, Some(3)));
        assert_eq!(url.virtual_host(), Some("v/h"));
        let options = [("x", "1"), ("y", "a b c"), ("z", "")];
        assert!(
            url.options()
                .iter()
                .map(|(name, value)| (&**name, &**value))
                .eq(options)
        );
    }

    #[test]
    fn hosts_and_virtual_host_may_be_absent() {
        for url in ["rabbit://", "rabbit:///"] {
            let url = parse(url).unwrap();
            assert!(url.hosts().is_empty());
            assert_eq!(url.virtual_host(), None);
        }
        assert_eq!(parse("rabbit://h//").unwrap().virtual_host(), Some("/"));
        assert_eq!(parse("rabbit://h?x=1").unwrap().options().len(), 1);
        assert_eq!(
            parse("rabbit://u@b@h/").unwrap().hosts()[0].user.as_deref(),
            Some("u@b")
        );
    }

    #[test]
    fn reads_ipv6_in_brackets() {
        let url = parse("rabbit://u:p@[fe80::1]:5673,[::1]/").unwrap();
        assert_eq!(
            (url.hosts()[0].name.as_str(), url.hosts()[0].port),
            ("fe80::1", Some(5673))
        );
        assert_eq!(
            (url.hosts()[1].name.as_str(), url.hosts()[1].port),
            ("::1", None)
        );
    }

    #[test]
    fn each_malformed_url_names_what_is_wrong() {
        for (url, error) in [
            ("", UrlError::NoDriver),
            ("localhost", UrlError::NoDriver),
            ("://h", UrlError::NoDriver),
            // The error must not quote the password that stands before the first `://`.
            ("rabbit:u:secret@h/?next=a://h", UrlError::NoDriver),
            ("rabbit://h,", UrlError::NoHostName(2)),
            ("rabbit://u:p@:5672", UrlError::NoHostName(1)),
            ("rabbit://[[::1]", UrlError::BadBrackets(1)),
            ("rabbit://h]", UrlError::BadBrackets(1)),
            ("rabbit://h:", UrlError::BadPort(1)),
            ("rabbit://h:0", UrlError::BadPort(1)),
            ("rabbit://h:65536", UrlError::BadPort(1)),
            ("rabbit://h:x", UrlError::BadPort(1)),
            ("rabbit://h:+1", UrlError::BadPort(1)),
            ("rabbit://[::1", UrlError::BadBrackets(1)),
            ("rabbit://[::1]5672", UrlError::BadBrackets(1)),
            ("rabbit://h,::1", UrlError::BareIpv6(2)),
            ("rabbit://u:%ff@h", UrlError::NotUtf8("password")),
            ("rabbit://u:p#w@h", UrlError::Fragment),
            ("rabbit://u:5672/x@h", UrlError::StrayAt),
            ("rabbit://h/?x=a@b", UrlError::StrayAt),
        ] {
            assert_eq!(parse(url), Err(error), "{url}");
        }
    }

    #[test]
    fn no_text_of_a_url_shows_a_password() {
        let url =
            parse("rabbit://u:hunter2@h,v:hunter2@[::1]/x?ssl_key_password=hunter2&ssl=1").unwrap();
        for text in [
            url.to_string(),
            format!("{url:?}"),
            format!("{:?}", url.hosts()),
            format!("{:#?}", url.hosts()),
        ] {
            assert!(!text.contains("hunter2"), "{text}");
        }
        for url in [
            "rabbit://u:hunter2@",
            "rabbit://u:hunter2@h:x",
            "rabbit://u:hunter2@[h",
            "rabbit://u:hunter2#@h",
            "rabbit://u:hunter2/x@h",
            "rabbit://u:hunter2?x@h",
            "rabbit://u:hunter2,x@h",
            "rabbit://u:hunter2/x",
        ] {
            let error = parse(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }
}
